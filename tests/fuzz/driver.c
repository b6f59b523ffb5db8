/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without libFuzzer, so that the normal suite replays every corpus on every change: each file as
 * it is, then a fixed number of mutations of it. The mutations follow from the file's bytes and their number alone, so
 * a failure comes back bit for bit. Usage: fuzz_NAME CORPUS_FOLDER [MUTATIONS]; fuzz_NAME FILE runs one input.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_set_death_callback(void (*callback)(void));
#endif

enum { INPUT_MAX = 128 * 1024, DEFAULT_MUTATIONS = 250, SECONDS_PER_INPUT = 20 };

struct input {
    char name[256];
    uint8_t *data;
    size_t size;
};

struct corpus {
    struct input *items;
    size_t count;
};

/* What is running now, for the words of a crash. */
static struct {
    const uint8_t *data;
    size_t size;
    const char *file;
    long mutation; /* -1: the file as it is */
} running;

static void die(const char *what, const char *name)
{
    fprintf(stderr, "fuzz driver: %s: %s: %s\n", name, what, strerror(errno));
    exit(2);
}

/* ---- chance ------------------------------------------------------------------------------ */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t bound)
{
    return bound == 0 ? 0 : (size_t) (next_random(state) % bound);
}

static uint64_t seed_of(const struct input *in, long mutation)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < in->size; i++)
        h = (h ^ in->data[i]) * UINT64_C(0x100000001b3);
    return h + (uint64_t) mutation * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- mutations: each changes the `size` bytes of `p` (room for INPUT_MAX) and returns the new size --- */

static size_t flip_bit(uint8_t *p, size_t size, uint64_t *rnd)
{
    if (size > 0) {
        size_t at = below(rnd, size);
        p[at] = (uint8_t) (p[at] ^ (1U << below(rnd, 8)));
    }
    return size;
}

static size_t set_byte(uint8_t *p, size_t size, uint64_t *rnd)
{
    static const uint8_t edges[] = { 0x00, 0xff, 0x7f, 0x80, '\r', '\n', ' ', '"', ';', ',', ':', '=', '0', '9', '{',
        ']' };

    if (size > 0)
        p[below(rnd, size)] = edges[below(rnd, sizeof edges)];
    return size;
}

static size_t set_number(uint8_t *p, size_t size, uint64_t *rnd)
{
    static const uint32_t edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0xffffffff };
    size_t width = (size_t) 1 << below(rnd, 3);
    uint32_t value = edges[below(rnd, sizeof edges / sizeof edges[0])];

    if (size < width)
        return size;
    size_t at = below(rnd, size - width + 1);
    for (size_t i = 0; i < width; i++)
        p[at + i] = (uint8_t) (value >> (8 * (width - 1 - i)));
    return size;
}

static size_t cut_out(uint8_t *p, size_t size, uint64_t *rnd)
{
    if (size == 0)
        return 0;
    size_t at = below(rnd, size);
    size_t n = 1 + below(rnd, size - at);

    memmove(p + at, p + at + n, size - at - n);
    return size - n;
}

static size_t truncate_at(uint8_t *p, size_t size, uint64_t *rnd)
{
    (void) p;
    return below(rnd, size + 1);
}

static size_t repeat_part(uint8_t *p, size_t size, uint64_t *rnd)
{
    if (size == 0)
        return 0;
    size_t at = below(rnd, size);
    size_t n = 1 + below(rnd, size - at);

    if (size + n > INPUT_MAX)
        return size;
    memmove(p + at + n, p + at, size - at);
    return size + n;
}

static size_t insert_noise(uint8_t *p, size_t size, uint64_t *rnd)
{
    size_t n = 1 + below(rnd, 16);
    size_t at = below(rnd, size + 1);

    if (size + n > INPUT_MAX)
        return size;
    memmove(p + at + n, p + at, size - at);
    for (size_t i = 0; i < n; i++)
        p[at + i] = (uint8_t) next_random(rnd);
    return size + n;
}

static size_t splice(uint8_t *p, size_t size, const struct input *other, uint64_t *rnd)
{
    size_t keep = below(rnd, size + 1);
    size_t from = below(rnd, other->size + 1);
    size_t n = other->size - from;

    if (keep + n > INPUT_MAX)
        return size;
    if (n > 0)
        memcpy(p + keep, other->data + from, n);
    return keep + n;
}

static size_t mutate(uint8_t *p, const struct corpus *corpus, const struct input *in, long number)
{
    static size_t (*const kinds[])(uint8_t *, size_t, uint64_t *) = { flip_bit, set_byte, set_number, cut_out,
        truncate_at, repeat_part, insert_noise };
    uint64_t rnd = seed_of(in, number);
    size_t size = in->size;

    memcpy(p, in->data, size);
    if (below(&rnd, 8) == 0)
        size = splice(p, size, &corpus->items[below(&rnd, corpus->count)], &rnd);
    for (size_t rounds = 1 + below(&rnd, 4); rounds > 0; rounds--)
        size = kinds[below(&rnd, sizeof kinds / sizeof kinds[0])](p, size, &rnd);
    return size;
}

/* ---- running ----------------------------------------------------------------------------- */

static void tell_crash(void)
{
    static const char name[] = "fuzz-crash.bin";
    FILE *f;

    if (running.file == NULL)
        return;
    if (running.mutation < 0)
        fprintf(stderr, "fuzz driver: failed on %s as it is\n", running.file);
    else
        fprintf(stderr, "fuzz driver: failed on mutation %ld of %s\n", running.mutation, running.file);
    if ((f = fopen(name, "wb")) != NULL) {
        (void) fwrite(running.data, 1, running.size, f);
        (void) fclose(f);
        fprintf(stderr, "fuzz driver: the input is in %s; give that file as the only argument to see it again\n", name);
    }
    running.file = NULL;
}

static void on_signal(int number)
{
    if (number == SIGALRM)
        fprintf(stderr, "fuzz driver: one input took more than %d seconds\n", SECONDS_PER_INPUT);
    tell_crash();
    (void) signal(number, SIG_DFL);
    (void) raise(number);
}

/* The target gets its own block of exactly the right size, so that one byte too far is seen. */
static void run(const uint8_t *data, size_t size, const char *file, long mutation)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);

    if (exact == NULL)
        die("no memory", file);
    memcpy(exact, data, size);
    running.data = exact;
    running.size = size;
    running.file = file;
    running.mutation = mutation;
    (void) alarm(SECONDS_PER_INPUT);
    (void) LLVMFuzzerTestOneInput(exact, size);
    (void) alarm(0);
    running.file = NULL;
    free(exact);
}

static void load(struct input *in, const char *path)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL)
        die("cannot be opened", path);
    in->data = malloc(INPUT_MAX);
    if (in->data == NULL)
        die("no memory", path);
    (void) snprintf(in->name, sizeof in->name, "%s", path);
    in->size = fread(in->data, 1, INPUT_MAX, f);
    if (ferror(f))
        die("cannot be read", path);
    (void) fclose(f);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static struct corpus load_folder(const char *folder)
{
    struct corpus corpus = { 0 };
    struct dirent **names;
    char path[4096];
    int n = scandir(folder, &names, visible, alphasort);

    if (n < 0)
        die("cannot be listed", folder);
    corpus.items = calloc((size_t) n + 1, sizeof corpus.items[0]);
    if (corpus.items == NULL)
        die("no memory", folder);
    for (int i = 0; i < n; i++) {
        (void) snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        load(&corpus.items[corpus.count++], path);
        free(names[i]);
    }
    free(names);
    return corpus;
}

static void replay(const struct corpus *corpus, long mutations)
{
    uint8_t *work = malloc(INPUT_MAX);

    if (work == NULL)
        die("no memory", "driver");
    run(work, 0, "(empty input)", -1);
    for (size_t i = 0; i < corpus->count; i++) {
        const struct input *in = &corpus->items[i];
        run(in->data, in->size, in->name, -1);
        for (long m = 0; m < mutations; m++) {
            size_t size = mutate(work, corpus, in, m);
            run(work, size, in->name, m);
        }
    }
    free(work);
}

static void clear(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        free(corpus->items[i].data);
    free(corpus->items);
}

int main(int argc, char **argv)
{
    struct corpus corpus;
    struct stat st;
    long mutations = argc > 2 ? strtol(argv[2], NULL, 10) : DEFAULT_MUTATIONS;

    if (argc < 2 || stat(argv[1], &st) != 0) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER [MUTATIONS] | FILE\n", argv[0]);
        return 2;
    }
    if (LLVMFuzzerInitialize != NULL && LLVMFuzzerInitialize(&argc, &argv) != 0)
        return 2;
    (void) signal(SIGABRT, on_signal);
    (void) signal(SIGALRM, on_signal);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_set_death_callback(tell_crash);
#endif
    if (S_ISDIR(st.st_mode)) {
        corpus = load_folder(argv[1]);
    } else {
        corpus = (struct corpus){ .items = calloc(1, sizeof corpus.items[0]), .count = 1 };
        if (corpus.items == NULL)
            die("no memory", argv[1]);
        load(&corpus.items[0], argv[1]);
        mutations = 0;
    }
    if (corpus.count == 0) {
        fprintf(stderr, "fuzz driver: %s is empty: a target without a corpus proves nothing\n", argv[1]);
        return 1;
    }
    replay(&corpus, mutations);
    printf("%zu inputs, %ld mutations each\n", corpus.count, mutations);
    clear(&corpus);
    return 0;
}
