/* SPDX-License-Identifier: MIT */
/* store: what is kept, and the interface of what keeps it. src/io has the SQLite one. Calls may block: helpers only. */
#ifndef IX_STORE_H
#define IX_STORE_H

#include "core/core.h"

struct ix_delivery { /* one webhook delivery that was verified */
    struct ix_str id, event, body;
    int64_t received_ms;
};
struct ix_delivery_store { /* one thread at a time */
    /* 0: durably there. IRISX_E_DUPLICATE: this id is known. IRISX_E_DISK_FULL, _IO and others: nothing was changed. */
    int (*put)(struct ix_delivery_store *s, const struct ix_delivery *d);
    void (*free)(struct ix_delivery_store *s);
};

#endif
