/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a job that are not held in memory: forms with files and raw uploads on the way out (RFC 7578), answers to a
 * file or a callback on the way in, both resumed by range where a try was interrupted (RFC 9110 section 14).
 */
#include <stdio.h>
#include <string.h>

#include "client/rest.h"

#define HEAD_MAX ((size_t) 1024 * 1024)

struct seg { /* of a request: one of file, read and memory */
    struct ix_file_in *file;
    int64_t (*read)(void *data, size_t capacity, void *user_data);
    void *user_data;
    char *owned; /* a part's head */
    const char *mem;
    uint64_t len; /* UINT64_MAX unknown */
};

struct rest_body {
    struct job *job; /* of the try at hand */
    /* out */
    struct seg *segs;
    size_t count, at;
    uint64_t offset; /* in segs[at] */
    char *type; /* "Content-Type: ...\r\n"; NULL none */
    bool once, read_from; /* a callback gives it; it has given some */
    /* in */
    struct ix_file_save *save;
    char *path;
    irisx_write_fn on_data;
    irisx_progress_fn on_progress;
    void *user_data;
    uint64_t max, taken, skip; /* on_data: bytes of all tries; skip: known ones at the beginning of this one */
    char tag[256]; /* on_data: of what was taken */
    /* resume by a later call; this try's answer; it was asked for a range; there is no more; it is of another file */
    bool resume, begun, ranged, complete, changed;
    int err;
    char why[320];
    struct ix_http_error after; /* how the job ends once what came is kept */
};

static void fail(struct rest_body *b, int err, const char *path, const char *what)
{
    if (b->err)
        return;
    b->err = err;
    (void) snprintf(b->why, sizeof b->why, "%.200s%s%.100s", path ? path : "", path ? ": " : "", what);
}

/* ---- the request ------------------------------------------------------------------------- */

static struct seg *seg_new(struct rest_body *b)
{
    struct seg *more = ix_realloc(b->segs, (b->count + 1) * sizeof *more);

    if (!more)
        return NULL;
    b->segs = more;
    more[b->count] = (struct seg){ 0 };
    return &more[b->count++];
}

static int add_text(struct rest_body *b, struct ix_buf *text)
{
    size_t n = text->n;
    char *owned = ix_buf_take(text);
    struct seg *s = owned ? seg_new(b) : NULL;

    if (!s) {
        ix_free(owned);
        return IRISX_E_NO_MEMORY;
    }
    s->owned = owned;
    s->mem = owned;
    s->len = n;
    return 0;
}

static int add_source(struct rest_body *b, const struct ix_http_source *from, struct ix_http_error *e)
{
    struct seg *s = seg_new(b);
    int err;

    if (!s)
        return IRISX_E_NO_MEMORY;
    if (from->read) {
        s->read = from->read;
        s->user_data = from->user_data;
        s->len = from->size ? from->size : UINT64_MAX;
        b->once = true;
        return 0;
    }
    if (!from->path) {
        s->mem = from->data ? from->data : "";
        s->len = from->data ? from->len : 0;
        return 0;
    }
    err = ix_file_in_open(from->path, &s->file);
    if (err) {
        ix_http_error_set(e, (irisx_error_t) err, IRISX_DOMAIN_SYSTEM, NULL, "the file %.500s cannot be sent: %s",
            from->path, err == IRISX_E_FORMAT ? "it is not a regular file" : ix_error_text(err));
        return err;
    }
    s->len = ix_file_in_size(s->file);
    return 0;
}

/* a name inside quotes (the WHATWG's way of RFC 7578 section 4.2) */
static void put_name(struct ix_buf *b, const char *name)
{
    for (; *name; name++) {
        if (*name == '"')
            ix_buf_str(b, "%22");
        else if (*name == '\r' || *name == '\n')
            ix_buf_str(b, *name == '\r' ? "%0D" : "%0A");
        else
            ix_buf_u8(b, (uint8_t) *name);
    }
}

static void part_head(struct ix_buf *b, const char *boundary, const struct ix_http_part *p, bool first)
{
    ix_buf_fmt(b, "%s--%s\r\nContent-Disposition: form-data; name=\"", first ? "" : "\r\n", boundary);
    put_name(b, p->name);
    ix_buf_u8(b, '"');
    if (p->source.file_name) {
        ix_buf_str(b, "; filename=\"");
        put_name(b, p->source.file_name);
        ix_buf_u8(b, '"');
    }
    if (p->source.content_type && ix_http_line_safe(p->source.content_type))
        ix_buf_fmt(b, "\r\nContent-Type: %s", p->source.content_type);
    ix_buf_str(b, "\r\n\r\n");
}

static int form(struct rest_body *b, const struct ix_http_request *q, struct ix_http_error *e)
{
    struct ix_rng rng = ix_entropy();
    char boundary[33];
    struct ix_buf text;
    int err = 0;

    ix_rng_token(&rng, boundary, sizeof boundary - 1);
    ix_buf_init(&text, HEAD_MAX);
    for (size_t i = 0; !err && i < q->part_count; i++) {
        part_head(&text, boundary, &q->parts[i], i == 0);
        err = add_text(b, &text);
        if (!err)
            err = add_source(b, &q->parts[i].source, e);
    }
    ix_buf_fmt(&text, "%s--%s--\r\n", q->part_count ? "\r\n" : "", boundary);
    if (!err)
        err = add_text(b, &text);
    ix_buf_fmt(&text, "Content-Type: multipart/form-data; boundary=%s\r\n", boundary);
    b->type = ix_buf_take(&text);
    ix_buf_clear(&text);
    return err ? err : b->type ? 0 : IRISX_E_NO_MEMORY;
}

static int raw(struct rest_body *b, const struct ix_http_source *from, struct ix_http_error *e)
{
    const char *type =
        from->content_type && ix_http_line_safe(from->content_type) ? from->content_type : "application/octet-stream";
    struct ix_buf text;
    int err = add_source(b, from, e);

    ix_buf_init(&text, HEAD_MAX);
    ix_buf_fmt(&text, "Content-Type: %s\r\n", type);
    b->type = ix_buf_take(&text);
    return err ? err : b->type ? 0 : IRISX_E_NO_MEMORY;
}

static int64_t read_seg(struct rest_body *b, struct seg *s, void *to, size_t room)
{
    uint64_t left = s->len - b->offset;
    size_t n = (size_t) IX_MIN(room, left);
    int64_t got;

    if (s->file)
        return ix_file_in_read(s->file, to, n);
    if (s->read) {
        b->read_from = true;
        got = s->read(to, n, s->user_data);
        return got < 0 || (uint64_t) got > n ? IX_STREAM_STOP : got;
    }
    memcpy(to, s->mem + b->offset, n);
    return (int64_t) n;
}

static int64_t give(void *ctx, void *to, size_t room)
{
    struct rest_body *b = ctx;

    while (b->at < b->count) {
        struct seg *s = &b->segs[b->at];
        int64_t n = b->offset < s->len ? read_seg(b, s, to, room) : 0;

        if (n == IX_STREAM_LATER)
            return n;
        if (n < 0 || (n == 0 && b->offset < s->len && s->len != UINT64_MAX)) {
            if (!s->read)
                fail(b, IRISX_E_IO, NULL, "a file that is sent cannot be read, or became shorter meanwhile");
            else if (n == 0)
                fail(b, IRISX_E_INVALID, NULL, "the upload gave fewer bytes than its size said");
            return IX_STREAM_STOP;
        }
        b->offset += (uint64_t) n;
        if (n > 0)
            return n;
        b->at++;
        b->offset = 0;
    }
    return 0;
}

static uint64_t size_of(const struct rest_body *b)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < b->count; i++) {
        if (b->segs[i].len == UINT64_MAX)
            return UINT64_MAX;
        sum += b->segs[i].len;
    }
    return sum;
}

/* ---- the answer -------------------------------------------------------------------------- */

/* a strong ETag, else the date: what If-Range takes (RFC 9110 section 13.1.5) */
static struct ix_str tag_of(struct ix_str headers)
{
    struct ix_str tag = ix_http_header(headers, "ETag");

    return tag.n && tag.p[0] == '"' ? tag : ix_http_header(headers, "Last-Modified");
}

/* "bytes 100-199/200" begins where it was asked to, and is all of the rest; a star behind it tells no length */
static bool range_fits(struct ix_str headers, uint64_t from)
{
    struct ix_str range = ix_http_header(headers, "Content-Range"), first, last;
    uint64_t begin, end, total;

    if (!ix_str_istarts(range, IX_STR("bytes ")))
        return false;
    range = ix_str_slice(range, 6, range.n);
    if (!ix_str_cut(&range, '-', &first) || ix_str_u64(first, UINT64_MAX, &begin) || begin != from ||
        !ix_str_cut(&range, '/', &last) || ix_str_u64(last, UINT64_MAX - 1, &end))
        return false;
    return ix_str_eq(range, IX_STR("*")) || (!ix_str_u64(range, UINT64_MAX, &total) && total == end + 1);
}

static bool other_range(struct rest_body *b)
{
    fail(b, IRISX_E_PROTOCOL, NULL, "the server sent another range than it was asked for");
    return false;
}

/* some servers look at Range alone: parts of two files must not become one */
static bool another(struct ix_str headers, const char *tag)
{
    struct ix_str now = tag_of(headers);

    return now.n && !ix_str_eq(now, ix_str(tag));
}

static bool begin_save(struct rest_body *b, long status, struct ix_str headers)
{
    char tag[512];

    if (status == 206 && (!b->ranged || !range_fits(headers, ix_file_save_size(b->save))))
        return other_range(b);
    if (status == 206 && another(headers, ix_file_save_tag(b->save))) {
        ix_file_save_restart(b->save, "");
        b->changed = true;
        return false;
    }
    if (status == 206)
        return true;
    (void) ix_str_copy(tag, sizeof tag, tag_of(headers)); /* too long: "" */
    ix_file_save_restart(b->save, tag);
    return true;
}

static bool begin_data(struct rest_body *b, long status, struct ix_str headers)
{
    struct ix_str tag = tag_of(headers);

    b->skip = 0;
    if (status == 206 && (!b->ranged || !range_fits(headers, b->taken)))
        return other_range(b);
    if (!b->taken) {
        (void) ix_str_copy(b->tag, sizeof b->tag, tag); /* too long: "" */
        return true;
    }
    if (status == 206 && !another(headers, b->tag))
        return true;
    if (status != 206 && tag.n && ix_str_eq(tag, ix_str(b->tag))) {
        b->skip = b->taken;
        return true;
    }
    fail(b, IRISX_E_CONFLICT, NULL, "the answer changed while it was read: begin anew");
    return false;
}

static int give_data(struct rest_body *b, const char *p, size_t n)
{
    size_t known = (size_t) IX_MIN(b->skip, n);

    b->skip -= known;
    b->taken += n - known;
    if (n == known || !b->on_data(p + known, n - known, b->user_data))
        return 0;
    fail(b, IRISX_E_CANCELLED, NULL, "on_data wanted no more");
    return IX_STREAM_STOP;
}

static int take(void *ctx, long status, struct ix_str headers, const void *p, size_t n)
{
    struct rest_body *b = ctx;
    uint64_t have = b->save ? 0 : b->taken;

    if (!b->begun) {
        if (!(b->save ? begin_save(b, status, headers) : begin_data(b, status, headers)))
            return IX_STREAM_STOP;
        b->begun = true;
    }
    have = b->save ? ix_file_save_size(b->save) : b->taken - IX_MIN(b->skip, b->taken);
    if (b->max && have + n > b->max) {
        fail(b, IRISX_E_TOO_LARGE, NULL, "the answer is larger than max_bytes");
        return IX_STREAM_STOP;
    }
    if (!b->save)
        return give_data(b, p, n);
    int said = ix_file_save_write(b->save, p, n);
    if (said == IX_STREAM_STOP)
        fail(b, ix_file_save_error(b->save), b->path, ix_error_text(ix_file_save_error(b->save)));
    return said;
}

static void progress(void *ctx, uint64_t sent, uint64_t send_total, uint64_t received, uint64_t receive_total)
{
    struct rest_body *b = ctx;

    if (b->on_progress)
        b->on_progress(sent, send_total, received, receive_total, b->user_data);
}

static void ready(void *ctx)
{
    struct rest_body *b = ctx;

    if (b->job && b->job->transfer)
        ix_transfer_resume(b->job->transfer);
}

static void saved(void *ctx, int err)
{
    struct rest_body *b = ctx;
    struct rest *r = b->job->rest;
    struct ix_http_error e = { 0 };

    ix_http_error_move(&e, &b->after);
    if (err && !e.info.code) {
        fail(b, err, b->path, err == IRISX_E_SIGNATURE ? "its SHA-256 is another than expected" : ix_error_text(err));
        ix_http_error_set(&e, (irisx_error_t) err, IRISX_DOMAIN_SYSTEM, NULL, "%s", b->why);
    }
    ix_rest_saved(b->job, &e);
    ix_rest_turn(r);
}

bool ix_rest_body_keep(struct rest_body *b, struct ix_http_error *e)
{
    if (!b->save || !b->resume)
        return false;
    ix_http_error_move(&b->after, e);
    ix_rest_wait(b->job, JOB_SAVING, IX_NEVER);
    ix_file_save_keep(b->save, saved, b);
    return true;
}

void ix_rest_body_save(struct rest_body *b)
{
    if (!b->begun && !b->complete)
        ix_file_save_restart(b->save, ""); /* an empty answer */
    ix_file_save_finish(b->save, saved, b);
}

bool ix_rest_body_range(struct rest_body *b, long status, struct ix_str headers, bool *complete)
{
    char whole[48];

    if (b->changed)
        return true;
    if (status != 416 || !b->save || !b->ranged)
        return false;
    (void) snprintf(whole, sizeof whole, "bytes */%llu", (unsigned long long) ix_file_save_size(b->save));
    *complete = b->complete = ix_str_eq(ix_http_header(headers, "Content-Range"), ix_str(whole));
    if (!*complete)
        ix_file_save_restart(b->save, "");
    return true;
}

/* ---- both -------------------------------------------------------------------------------- */

static int open_answer(struct rest_body *b, const irisx_api_options_t *o, struct ix_http_error *e)
{
    int err;

    b->on_data = o->on_data;
    b->on_progress = o->on_progress;
    b->user_data = o->user_data;
    b->max = o->on_data || o->save_as ? o->max_bytes : 0;
    if (!o->save_as)
        return 0;
    b->resume = o->resume != 0;
    b->path = ix_dup_cstr(o->save_as);
    err = b->path ? ix_file_save_open(o->save_as, o->resume != 0, o->sha256, &b->save) : IRISX_E_NO_MEMORY;
    if (err)
        ix_http_error_set(e, (irisx_error_t) err, IRISX_DOMAIN_SYSTEM, NULL, "%.500s cannot be written: %s", o->save_as,
            err == IRISX_E_FORMAT     ? "it is there and not a regular file"
            : err == IRISX_E_CONFLICT ? "another download goes on with it"
                                      : ix_error_text(err));
    return err;
}

static int open_request(
    struct rest_body *b, const struct ix_http_request *q, const irisx_api_options_t *o, struct ix_http_error *e)
{
    const irisx_upload_t *u = o ? o->upload : NULL;
    bool empty = !q->source.path && !q->source.data && !q->source.read;

    if (q->kind == IX_HTTP_BODY_MULTIPART)
        return form(b, q, e);
    if (q->kind == IX_HTTP_BODY_RAW && !empty)
        return raw(b, &q->source, e);
    if (!u || q->body)
        return 0;
    struct ix_http_source from = { .path = (char *) (uintptr_t) u->path,
        .data = (char *) (uintptr_t) u->data,
        .len = u->len,
        .read = u->read,
        .user_data = u->user_data,
        .size = u->size,
        .content_type = (char *) (uintptr_t) u->content_type };
    return raw(b, &from, e);
}

static bool wanted(const struct ix_http_request *q, const irisx_api_options_t *o)
{
    return q->kind == IX_HTTP_BODY_MULTIPART || q->kind == IX_HTTP_BODY_RAW ||
           (o && (o->upload || o->save_as || o->on_data || o->on_progress));
}

int ix_rest_body_new(
    const struct ix_http_request *q, const irisx_api_options_t *o, struct rest_body **out, struct ix_http_error *e)
{
    struct rest_body *b;
    int err;

    if (!wanted(q, o))
        return 0;
    b = ix_alloc(sizeof *b);
    err = b ? open_request(b, q, o, e) : IRISX_E_NO_MEMORY;
    if (!err && o)
        err = open_answer(b, o, e);
    if (!err) {
        *out = b;
        return 0;
    }
    ix_rest_body_free(b);
    if (!e->info.code)
        ix_http_error_set(e, (irisx_error_t) err, IRISX_DOMAIN_LOCAL, NULL, "%s", ix_error_text(err));
    return err;
}

void ix_rest_body_free(struct rest_body *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++) {
        ix_file_in_close(b->segs[i].file);
        ix_free(b->segs[i].owned);
    }
    ix_free(b->segs);
    ix_free(b->type);
    ix_file_save_close(b->save);
    ix_http_error_clear(&b->after);
    ix_free(b->path);
    ix_free(b);
}

static void ask_range(struct rest_body *b, struct ix_buf *head)
{
    uint64_t from = b->save ? ix_file_save_size(b->save) : b->taken;
    const char *tag = b->save ? ix_file_save_tag(b->save) : b->tag;

    b->begun = b->complete = b->changed = false;
    b->ranged = from > 0 && *tag;
    if (b->ranged)
        ix_buf_fmt(head, "Range: bytes=%llu-\r\nIf-Range: %s\r\n", (unsigned long long) from, tag);
}

int ix_rest_body_begin(struct rest_body *b, struct job *j, struct ix_transfer_stream *stream, struct ix_buf *head)
{
    struct ix_loop *loop = j->rest->loop;

    if (ix_rest_body_once(b))
        return IRISX_E_STATE;
    b->job = j;
    b->err = 0;
    b->at = 0;
    b->offset = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->segs[i].file)
            ix_file_in_start(b->segs[i].file, loop, ready, b);
    *stream = (struct ix_transfer_stream){ .ctx = b, .progress = b->on_progress ? progress : NULL };
    if (b->count) {
        stream->read = give;
        stream->size = size_of(b);
        ix_buf_str(head, b->type);
    }
    if (b->save)
        ix_file_save_start(b->save, loop, ready, b);
    if (b->save || b->on_data) {
        stream->write = take;
        ask_range(b, head);
    }
    return 0;
}

bool ix_rest_body_sends(const struct rest_body *b)
{
    return b->count > 0;
}

bool ix_rest_body_once(const struct rest_body *b)
{
    return (b->once && b->read_from) || (b->on_data && b->taken && !b->tag[0]);
}

bool ix_rest_body_saves(const struct rest_body *b)
{
    return b->save != NULL;
}

bool ix_rest_body_plain(const struct rest_body *b)
{
    return b->save || b->on_data;
}

int ix_rest_body_error(const struct rest_body *b, const char **detail)
{
    if (b->err)
        *detail = b->why;
    return b->err;
}
