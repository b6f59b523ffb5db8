/* SPDX-License-Identifier: MIT */
/* For the scripts: prints the likeness of two WAV files as the library measures it. similarity SENT HEARD LIMIT_MS */
#include <irisx/irisx.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    double score = 0;
    irisx_error_t err;

    if (argc != 4)
        return 2;
    err = irisx_audio_similarity(argv[1], argv[2], (uint32_t) atoi(argv[3]), &score, NULL);
    if (err)
        (void) fprintf(stderr, "%s\n", irisx_error_text(err));
    else
        (void) printf("%.4f\n", score);
    return err ? 1 : 0;
}
