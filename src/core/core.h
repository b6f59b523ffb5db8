/* SPDX-License-Identifier: MIT */
/*
 * core: what every other folder stands on. Memory, text views, readers and writers of bytes, lists, maps, deadlines,
 * rings, addresses, digests, time and entropy as values. Nothing here waits, and nothing here asks the system.
 */
#ifndef IX_CORE_H
#define IX_CORE_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <irisx/error.h>

#define IX_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define IX_MIN(a, b) ((a) < (b) ? (a) : (b))
#define IX_MAX(a, b) ((a) > (b) ? (a) : (b))
#define IX_CONTAINER(ptr, type, member) ((type *) (void *) &((char *) (ptr))[-(ptrdiff_t) offsetof(type, member)])
#if defined(__GNUC__)
#define IX_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define IX_PRINTF(f, a)
#endif

/* A bug of ours, never input: prints to the log sink's last resort and aborts. */
#define IX_ASSERT(cond) ((cond) ? (void) 0 : ix_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void ix_assert_failed(const char *cond, const char *file, int line);
/* Where the last line goes before abort(); NULL (the default) says nothing. Set once, before threads start. */
typedef void (*ix_assert_fn)(const char *cond, const char *file, int line);
void ix_set_assert_hook(ix_assert_fn fn);

/* ---- time: microseconds; "never" is IX_NEVER --------------------------------------------- */
#define IX_US UINT64_C(1)
#define IX_MS UINT64_C(1000)
#define IX_S UINT64_C(1000000)
#define IX_NEVER UINT64_MAX

struct ix_now {
    uint64_t mono_us; /* monotonic, any origin */
    int64_t wall_us; /* Unix time */
};

/* a + b without wrapping past "never" */
uint64_t ix_time_add(uint64_t a_us, uint64_t b_us);

/* ---- entropy, injected ------------------------------------------------------------------- */
struct ix_rng {
    void (*fill)(void *ctx, void *out, size_t len);
    void *ctx;
};
void ix_rng_fill(const struct ix_rng *rng, void *out, size_t len);
uint32_t ix_rng_u32(const struct ix_rng *rng);
uint64_t ix_rng_u64(const struct ix_rng *rng);
uint32_t ix_rng_below(const struct ix_rng *rng, uint32_t bound); /* 0 .. bound-1, unbiased */
/* n characters of [a-z0-9] (case-insensitively unique where SIP compares so); writes n + 1 bytes */
void ix_rng_token(const struct ix_rng *rng, char *out, size_t n);
/* n characters of ice-char (RFC 8839 section 5.4); writes n + 1 bytes */
void ix_rng_ice(const struct ix_rng *rng, char *out, size_t n);
/* deterministic generator for simulation: xoshiro256** seeded by splitmix64 */
struct ix_prng {
    uint64_t s[4];
};
void ix_prng_seed(struct ix_prng *prng, uint64_t seed);
struct ix_rng ix_prng_rng(struct ix_prng *prng); /* borrows prng */

/* ---- memory: the one allocator (irisx_set_allocator); NULL on failure -------------------- */
struct ix_allocator { /* any thread; memory aligned as malloc's; size is never 0 */
    void *(*alloc)(size_t size, void *ctx); /* need not zero */
    void *(*realloc)(void *ptr, size_t size, void *ctx);
    void (*free)(void *ptr, void *ctx);
    void *ctx;
};
extern const struct ix_allocator ix_system_allocator; /* defined by the shell (src/io/sysalloc.c) */
void ix_set_allocator(const struct ix_allocator *a); /* NULL restores the system's; only while nothing is allocated */
void *ix_alloc(size_t size); /* zeroed */
void *ix_alloc_array(size_t count, size_t size); /* zeroed; checks overflow */
void *ix_realloc(void *ptr, size_t size); /* what is added is not zeroed; NULL leaves ptr as it was */
void ix_free(void *ptr); /* NULL allowed */
size_t ix_alloc_live(void); /* blocks of all threads that are not freed */
void ix_wipe(void *ptr, size_t len); /* not optimised away */
bool ix_equal_ct(const void *a, const void *b, size_t len); /* constant time */
char *ix_dup_cstr(const char *s); /* NULL gives NULL */
char *ix_dup_mem(const void *p, size_t len); /* NUL-terminated copy */

/* ---- text views -------------------------------------------------------------------------- */
struct ix_str {
    const char *p;
    size_t n;
};
#define IX_STR(lit) ((struct ix_str){ (lit), sizeof(lit) - 1 })
#define IX_STR_NONE ((struct ix_str){ NULL, 0 })
#define IX_FMT_STR(s) (int) (s).n, ((s).n ? (s).p : "") /* for "%.*s" */
struct ix_str ix_str(const char *cstr); /* NULL gives an empty view */
struct ix_str ix_str_n(const void *p, size_t n);
bool ix_str_eq(struct ix_str a, struct ix_str b);
bool ix_str_ieq(struct ix_str a, struct ix_str b); /* ASCII case-insensitive */
bool ix_str_starts(struct ix_str s, struct ix_str prefix);
bool ix_str_istarts(struct ix_str s, struct ix_str prefix);
struct ix_str ix_str_trim(struct ix_str s); /* SP, HTAB, CR, LF at both ends */
struct ix_str ix_str_slice(struct ix_str s, size_t from, size_t to); /* clamped */
size_t ix_str_find(struct ix_str s, char c); /* index, or SIZE_MAX */
/* cuts s at the first c: *head what is before it, s what is behind it; false if s was empty. Without c all is head */
bool ix_str_cut(struct ix_str *s, char c, struct ix_str *head);
int ix_str_u64(struct ix_str s, uint64_t max, uint64_t *out); /* whole s, decimal digits only; IRISX_E_PROTOCOL */
int ix_str_u32(struct ix_str s, uint32_t max, uint32_t *out);
int ix_str_hex_u64(struct ix_str s, uint64_t *out);
char *ix_str_dup(struct ix_str s); /* NUL-terminated; NULL on no memory; an empty view gives "" */
/* copies into dst with NUL; IRISX_E_TOO_LARGE (dst then "") if it does not fit */
int ix_str_copy(char *dst, size_t cap, struct ix_str s);

/* ---- reading bytes: bounds-checked, sticky ----------------------------------------------- */
struct ix_reader {
    const uint8_t *p;
    size_t n; /* bytes left */
    bool bad; /* something was asked that was not there; all further reads give 0 */
};
struct ix_reader ix_reader(const void *p, size_t n);
uint8_t ix_read_u8(struct ix_reader *r);
uint16_t ix_read_u16(struct ix_reader *r); /* big endian, as all of these */
uint32_t ix_read_u24(struct ix_reader *r);
uint32_t ix_read_u32(struct ix_reader *r);
uint64_t ix_read_u64(struct ix_reader *r);
uint16_t ix_read_u16le(struct ix_reader *r);
uint32_t ix_read_u32le(struct ix_reader *r);
const uint8_t *ix_read_bytes(struct ix_reader *r, size_t n); /* NULL and bad if there are fewer */
void ix_read_copy(struct ix_reader *r, void *out, size_t n);
struct ix_reader ix_read_sub(struct ix_reader *r, size_t n);
/* next line without its CRLF or LF; false at the end */
bool ix_read_line(struct ix_reader *r, struct ix_str *line);

/* ---- writing bytes: sticky error, named limit -------------------------------------------- */
struct ix_buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    size_t limit; /* never grows beyond */
    int err; /* first error: IRISX_E_NO_MEMORY or IRISX_E_TOO_LARGE */
    bool fixed; /* caller's storage, not freed */
};
void ix_buf_init(struct ix_buf *b, size_t limit);
void ix_buf_init_fixed(struct ix_buf *b, void *storage, size_t cap);
void ix_buf_clear(struct ix_buf *b); /* frees; usable again with the same limit */
void ix_buf_reset(struct ix_buf *b); /* n = 0, err = 0; keeps the storage */
int ix_buf_reserve(struct ix_buf *b, size_t extra);
void ix_buf_put(struct ix_buf *b, const void *p, size_t n);
void ix_buf_u8(struct ix_buf *b, uint8_t v);
void ix_buf_u16(struct ix_buf *b, uint16_t v); /* big endian, as all of these */
void ix_buf_u24(struct ix_buf *b, uint32_t v);
void ix_buf_u32(struct ix_buf *b, uint32_t v);
void ix_buf_u64(struct ix_buf *b, uint64_t v);
void ix_buf_u16le(struct ix_buf *b, uint16_t v);
void ix_buf_u32le(struct ix_buf *b, uint32_t v);
void ix_buf_str(struct ix_buf *b, const char *cstr);
void ix_buf_strv(struct ix_buf *b, struct ix_str s);
void ix_buf_dec(struct ix_buf *b, uint64_t v);
void ix_buf_hex(struct ix_buf *b, const void *p, size_t n); /* lower case */
void ix_buf_fmt(struct ix_buf *b, const char *fmt, ...) IX_PRINTF(2, 3);
void ix_buf_consume(struct ix_buf *b, size_t n); /* drops the first n bytes */
char *ix_buf_take(struct ix_buf *b); /* NUL-terminated, caller frees; NULL if err; b is then empty */
/* JSON string literal with quotes; invalid UTF-8 becomes U+FFFD */
void ix_buf_json_str(struct ix_buf *b, struct ix_str s);

/* ---- encodings --------------------------------------------------------------------------- */
int ix_hex_decode(struct ix_str s, uint8_t *out, size_t out_len); /* exactly out_len bytes, either case */
void ix_base64_encode(struct ix_buf *b, const void *p, size_t n);
void ix_base64url_encode(struct ix_buf *b, const void *p, size_t n); /* no padding */
int ix_base64_decode(struct ix_buf *b, struct ix_str s); /* both alphabets, padding optional */
void ix_percent_encode(struct ix_buf *b, struct ix_str s); /* all but RFC 3986 unreserved */
bool ix_utf8_valid(const void *p, size_t n);
/* ISO 8601 UTC with milliseconds: "2026-11-20T09:27:25.486Z"; out has 25 bytes */
void ix_time_iso8601(int64_t wall_us, char out[25]);
int ix_time_parse_iso8601(struct ix_str s, int64_t *wall_us);

/* ---- digests (mbedtls inside; the one place for it outside dtls) ------------------------- */
enum ix_digest_kind { IX_MD5 = 1, IX_SHA1 = 2, IX_SHA256 = 3, IX_SHA384 = 4, IX_SHA512 = 5, IX_SHA512_256 = 6 };
#define IX_DIGEST_MAX 64
struct ix_bytes {
    const void *p;
    size_t n;
};
size_t ix_digest_size(enum ix_digest_kind kind);
int ix_digest(enum ix_digest_kind kind, const struct ix_bytes *parts, size_t count, uint8_t *out);
int ix_hmac(enum ix_digest_kind kind, struct ix_bytes key, const struct ix_bytes *parts, size_t count, uint8_t *out);
uint32_t ix_crc32(const void *p, size_t n); /* ISO-HDLC, as STUN FINGERPRINT (RFC 8489 section 14.7) */

/* ---- hash for tables whose keys strangers choose (SipHash-2-4); seed from the client's entropy --- */
uint64_t ix_hash(const void *p, size_t n, uint64_t seed);
uint64_t ix_siphash(uint64_t k0, uint64_t k1, const void *p, size_t n);

/* ---- lists: intrusive, doubly linked, circular ------------------------------------------- */
struct ix_list {
    struct ix_list *prev;
    struct ix_list *next;
};
void ix_list_init(struct ix_list *l);
bool ix_list_empty(const struct ix_list *l);
bool ix_list_linked(const struct ix_list *node); /* node was ix_list_init'ed or zeroed and is in some list */
void ix_list_append(struct ix_list *l, struct ix_list *node);
void ix_list_prepend(struct ix_list *l, struct ix_list *node);
void ix_list_remove(struct ix_list *node); /* harmless if not linked */
struct ix_list *ix_list_pop(struct ix_list *l); /* first or NULL */
#define IX_LIST_EACH(it, l) for (struct ix_list *it = (l)->next; it != (l); it = it->next)
#define IX_LIST_EACH_SAFE(it, l) \
    for (struct ix_list *it = (l)->next, *it##_next = it->next; it != (l); it = it##_next, it##_next = it->next)

/* ---- map: bytes to pointer, open addressing, seeded hash, named limit -------------------- */
struct ix_map;
struct ix_map *ix_map_new(size_t limit, uint64_t seed);
void ix_map_free(struct ix_map *m); /* values are not touched */
/* copies key; replaces; IRISX_E_LIMIT or IRISX_E_NO_MEMORY leave the map as it was */
int ix_map_set(struct ix_map *m, struct ix_str key, void *value);
void *ix_map_get(const struct ix_map *m, struct ix_str key);
void *ix_map_remove(struct ix_map *m, struct ix_str key);
size_t ix_map_count(const struct ix_map *m);
/* iteration: start with *at = 0; false at the end; removing the current entry while iterating is allowed */
bool ix_map_next(const struct ix_map *m, size_t *at, struct ix_str *key, void **value);

/* ---- deadlines: binary heap, intrusive --------------------------------------------------- */
struct ix_timer {
    uint64_t at_us;
    size_t index; /* position + 1; 0 = not in a heap */
};
struct ix_heap {
    struct ix_timer **items;
    size_t n;
    size_t cap;
};
void ix_heap_init(struct ix_heap *h);
void ix_heap_clear(struct ix_heap *h);
int ix_heap_reserve(struct ix_heap *h, size_t count); /* so many timers at once: no ix_heap_set can fail any more */
int ix_heap_set(struct ix_heap *h, struct ix_timer *t, uint64_t at_us); /* inserts or moves; IX_NEVER removes */
void ix_heap_remove(struct ix_heap *h, struct ix_timer *t);
uint64_t ix_heap_deadline(const struct ix_heap *h); /* IX_NEVER if empty */
struct ix_timer *ix_heap_due(struct ix_heap *h, uint64_t now_us); /* removes and returns one due timer, or NULL */

/* ---- rings: one producer thread, one consumer thread, no lock, fixed storage ------------- */
/*
 * Records of varying length; a record is either wholly there or refused. It starts at an address divisible by 8. A
 * record over half the capacity less 8 bytes is always refused.
 */
struct ix_ring;
struct ix_ring *ix_ring_new(size_t capacity); /* bytes, rounded up to a power of two */
void ix_ring_free(struct ix_ring *r);
bool ix_ring_put(struct ix_ring *r, const void *head, size_t head_len, const void *body, size_t body_len);
/* borrowed view of the oldest record, contiguous; NULL if empty; valid until ix_ring_drop */
const void *ix_ring_peek(struct ix_ring *r, size_t *len);
void ix_ring_drop(struct ix_ring *r);
uint64_t ix_ring_refused(const struct ix_ring *r); /* records refused because it was full */
/* Samples: int16 PCM, any amount. */
struct ix_pcm_ring;
struct ix_pcm_ring *ix_pcm_ring_new(size_t samples);
void ix_pcm_ring_free(struct ix_pcm_ring *r);
size_t ix_pcm_ring_write(struct ix_pcm_ring *r, const int16_t *pcm, size_t n); /* how many fitted */
size_t ix_pcm_ring_read(struct ix_pcm_ring *r, int16_t *pcm, size_t n); /* how many were there */
size_t ix_pcm_ring_used(const struct ix_pcm_ring *r);
size_t ix_pcm_ring_space(const struct ix_pcm_ring *r);
void ix_pcm_ring_end(struct ix_pcm_ring *r); /* producer: nothing follows */
bool ix_pcm_ring_ended(const struct ix_pcm_ring *r); /* consumer: ended and drained */

/* ---- addresses --------------------------------------------------------------------------- */
enum ix_family { IX_IPV4 = 4, IX_IPV6 = 6 };
struct ix_addr {
    uint8_t family; /* enum ix_family; 0 = none */
    uint16_t port;
    uint32_t scope; /* interface index of a link-local IPv6 address, else 0 */
    uint8_t ip[16]; /* network order; IPv4 uses the first four */
};
#define IX_ADDR_TEXT 64
bool ix_addr_eq(const struct ix_addr *a, const struct ix_addr *b); /* with port */
bool ix_addr_same_ip(const struct ix_addr *a, const struct ix_addr *b);
/* literal only, [] around IPv6 and a numeric zone ("fe80::1%2") allowed; IRISX_E_PROTOCOL */
int ix_addr_parse(struct ix_addr *a, struct ix_str ip, uint16_t port);
void ix_addr_ip_text(const struct ix_addr *a, char out[IX_ADDR_TEXT]); /* without zone; "" if there is no family */
void ix_addr_text(const struct ix_addr *a, char out[IX_ADDR_TEXT]); /* "1.2.3.4:5", "[::1]:5", "none:0" */
bool ix_addr_is_loopback(const struct ix_addr *a);
bool ix_addr_is_link_local(const struct ix_addr *a);
uint64_t ix_addr_hash(const struct ix_addr *a, uint64_t seed);

/* ---- log: a sink, levels, redaction by type ---------------------------------------------- */
enum ix_log_level { IX_LOG_ERROR = 1, IX_LOG_WARN = 2, IX_LOG_INFO = 3, IX_LOG_DEBUG = 4, IX_LOG_TRACE = 5 };
struct ix_log {
    int level; /* what is above is not formatted */
    void (*sink)(void *ctx, int level, const char *area, const char *line); /* one line, no newline */
    void *ctx;
};
/* log may be NULL. area is the folder's name. Never pass a secret; SIP messages go through ix_sip_redact first. */
void ix_log(const struct ix_log *log, enum ix_log_level level, const char *area, const char *fmt, ...) IX_PRINTF(4, 5);

/* ---- an encoded frame on its way between rtp and media ----------------------------------- */
enum ix_frame_kind {
    IX_FRAME_AUDIO = 1,
    IX_FRAME_EVENT = 2, /* RFC 4733 */
    IX_FRAME_CN = 3, /* RFC 3389 */
    IX_FRAME_REDUNDANT = 4 /* received only: audio of an earlier packet that another one carried (RFC 2198) */
};
#define IX_FRAME_MAX 1280 /* payload bytes; a 60 ms Opus frame at 128 kbit/s has 960 */
struct ix_frame {
    uint64_t arrival_us; /* received: kernel time on the monotonic clock; to send: 0 */
    uint32_t timestamp; /* RTP clock of the codec; to send: advanced by the media thread alone, from 0 */
    uint32_t ssrc; /* received only: changes when the source does */
    uint16_t seq; /* received only */
    uint8_t kind; /* enum ix_frame_kind */
    uint8_t payload_type; /* received only; 0xff: the codec at hand */
    uint8_t marker;
    uint8_t codec; /* enum ix_codec_id of the payload; see below */
    uint16_t len;
    uint8_t payload[IX_FRAME_MAX]; /* only len bytes travel through rings */
};
#define IX_FRAME_HEAD offsetof(struct ix_frame, payload)
enum ix_codec_id { IX_CODEC_NONE = 0, IX_CODEC_OPUS = 1, IX_CODEC_PCMU = 2, IX_CODEC_PCMA = 3 };

/* ---- pcapng: blocks as bytes (draft-ietf-opsawg-pcapng), written by the shell ------------ */
void ix_pcapng_header(struct ix_buf *b, const char *application); /* section header + one LINKTYPE_RAW interface */
/* one UDP datagram as a raw IP packet; a mixed or missing family is written as IPv4 0.0.0.0 */
void ix_pcapng_udp(struct ix_buf *b, int64_t wall_us, const struct ix_addr *src, const struct ix_addr *dst,
    const void *data, size_t len, const char *comment);

/* ---- text of errors ---------------------------------------------------------------------- */
const char *ix_error_name(int code);
const char *ix_error_text(int code);

#endif
