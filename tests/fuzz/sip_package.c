/* SPDX-License-Identifier: MIT */
/* Fuzz target: bodies of event packages, one after the other into what is known (NUL between); the first byte: which.
 */
#include "sip/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ix_sip_notice n;
    struct ix_str rest = ix_str_n(data + 1, size ? size - 1 : 0), body;

    if (!size)
        return 0;
    ix_sip_notice_init(&n, (enum ix_sip_package)(1 + data[0] % 3));
    while (rest.n) {
        (void) ix_str_cut(&rest, '\0', &body);
        (void) ix_sip_notice_read(&n, body, 1);
        IX_ASSERT(n.dialog_count <= IX_SIP_NOTICE_DIALOGS && n.class_count <= IX_SIP_NOTICE_CLASSES);
    }
    return 0;
}
