/* SPDX-License-Identifier: MIT */
/*
 * Every operation of the platform, both ways, by its own rows: what encodes is found again by the router with its
 * members, what has the shape of the result decodes and is found right. (The same against what the contract's text
 * says: tests/integration/operations.)
 */
#include "fixture.h"

static struct ix_api_set s;

static irisx_value_t *sample(const struct ix_api_type *t, uint8_t where);

static irisx_value_t *list_of(irisx_value_t *item)
{
    irisx_value_t *list = irisx_value_new_array();

    cr_assert_eq(irisx_value_add_take(list, item), 0);
    return list;
}

static irisx_value_t *value_of(const struct ix_api_field *f)
{
    switch ((enum ix_api_kind) f->kind) {
    case IX_API_KIND_TEXT:
        return irisx_value_new_text("t /%\xc3\xbc?");
    case IX_API_KIND_ID:
    case IX_API_KIND_ID_NUMBER:
        return irisx_value_new_text("9007199254740993");
    case IX_API_KIND_DECIMAL:
    case IX_API_KIND_DECIMAL_NUMBER:
        return irisx_value_new_text("0.0075");
    case IX_API_KIND_TIME:
        return irisx_value_new_text("2026-11-20T09:27:25.486Z");
    case IX_API_KIND_INT:
        return irisx_value_new_int(42);
    case IX_API_KIND_NUM:
        return irisx_value_new_num(1.5);
    case IX_API_KIND_BOOL:
        return irisx_value_new_bool(1);
    case IX_API_KIND_TEXT_LIST:
        return list_of(irisx_value_new_text("a&b"));
    case IX_API_KIND_NUMBER_TEXT_LIST:
        return list_of(irisx_value_new_text("9007199254740993"));
    case IX_API_KIND_INT_LIST:
        return list_of(irisx_value_new_int(-1));
    case IX_API_KIND_NUM_LIST:
        return list_of(irisx_value_new_num(0.25));
    case IX_API_KIND_JSON: /* may be anything: also a list of which nothing is known */
        return list_of(irisx_value_new_int(1));
    case IX_API_KIND_OBJECT:
        return sample(&s.types[f->sub], 0);
    case IX_API_KIND_OBJECT_LIST:
        return list_of(sample(&s.types[f->sub], 0));
    case IX_API_KIND_FILE:
        return irisx_value_new_text("/tmp/a.wav");
    case IX_API_KIND_COUNT:
        break;
    }
    return NULL;
}

/* an object with every member; a type whose one member has no name is that member */
static irisx_value_t *sample(const struct ix_api_type *t, uint8_t where)
{
    irisx_value_t *v = irisx_value_new_object();

    for (size_t i = 0; i < t->count; i++) {
        struct ix_api_field row = ix_api_field(&s, t, i), *f = &row;
        if (f->name == 0) {
            irisx_value_free(v);
            return value_of(f);
        }
        if (where == 0 || (f->flags & where) != 0)
            cr_assert_eq(irisx_value_set_take(v, ix_api_text(&s, f->name), value_of(f)), 0);
    }
    return v;
}

static void goes_out(const struct ix_api_op *op, const char *id)
{
    static const irisx_upload_t bytes = { .data = "x", .len = 1 };
    irisx_value_t *v = sample(&s.types[op->params], IX_API_IN_ANY);
    struct ix_api_params p = { .value = v, .upload = op->body == IX_HTTP_BODY_RAW ? &bytes : NULL };
    struct ix_http_request r = { 0 };
    struct ix_http_error e = { 0 };
    struct ix_api_match m;

    cr_expect_eq(ix_api_encode(op, &p, &r, &e), 0, "%s: %s", id, e.info.message);
    cr_expect(r.path != NULL && ix_api_match(r.method, r.path, NULL, &m), "%s: %s is no path", id, r.path);
    cr_expect_eq(m.op, op, "%s: %s is another operation's", id, r.path);
    for (size_t i = 0; i < m.count; i++) {
        struct ix_api_cell c = ix_api_cell_of(irisx_value_get(v, m.params[i].name));
        char storage[64], text[128];
        cr_expect_eq(ix_str_copy(text, sizeof text, ix_api_scalar_text(&c, storage, sizeof storage)), 0);
        cr_expect_str_eq(m.params[i].value, text, "%s: %s", id, m.params[i].name);
    }
    if (op->body == IX_HTTP_BODY_JSON) {
        irisx_value_t *sent = NULL, *want = sample(&s.types[op->params], IX_API_IN_BODY);
        cr_expect_eq(ix_json_parse(ix_str_n(r.body, r.body_len), &sent, NULL), 0, "%s: %s", id, r.body);
        cr_expect_eq(irisx_value_count(sent), irisx_value_count(want), "%s", id);
        irisx_value_free(sent);
        irisx_value_free(want);
    }
    ix_http_request_clear(&r);
    ix_http_error_clear(&e);
    irisx_value_free(v);
}

static void comes_back(const struct ix_api_op *op, const char *id)
{
    struct ix_http_response r = { .status = s.statuses[op->status], .content_type = IX_STR("application/json") };
    irisx_value_t *v = sample(&s.types[op->result], 0);
    struct ix_api_issues issues = { .count = 0 };
    struct ix_api_answer a = { 0 };
    struct ix_http_error e = { 0 };

    if (op->unwrap != 0) {
        irisx_value_t *whole = irisx_value_new_object();
        cr_assert_eq(irisx_value_set_take(whole, ix_api_text(&s, op->unwrap), v), 0);
        v = whole;
    }
    char *text = irisx_value_to_text(v);
    r.body = ix_str(text);
    if (op->content)
        r.content_type = IX_STR("text/csv");
    cr_expect_eq(ix_api_decode(op, IX_RETRY_UNSAFE, &r, &a, &e), 0, "%s: %s", id, e.info.message);
    cr_expect_not_null(a.result, "%s", id);
    cr_expect_eq(a.content.status, r.status, "%s", id);
    cr_expect(op->content || ix_api_validate_result(op, a.root, &issues), "%s: %s", id, issues.items[0].path);
    if (op->paging != IX_API_PAGE_NONE && !op->content)
        cr_expect_eq(irisx_value_count(ix_api_items(op, a.root)), 1, "%s: no list at its place", id);
    irisx_text_free(text);
    irisx_value_free(v);
    ix_api_answer_clear(&a);
    ix_http_error_clear(&e);
}

Test(api_every, operation_goes_out_and_comes_back)
{
    ix_api_set_platform(&s);
    cr_assert_gt(s.count, 1500);
    for (size_t i = 0; i < s.count; i++) {
        char id[IX_API_ID_MAX];
        ix_api_put_id(&s, &s.ops[i], id);
        goes_out(&s.ops[i], id);
        comes_back(&s.ops[i], id);
    }
}
