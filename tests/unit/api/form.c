/* SPDX-License-Identifier: MIT */
/* Bodies that are no JSON, from structs and from values alike. */
#include "fixture.h"

static struct ix_http_error e;
static struct ix_http_request r;
static struct ix_api_set s;

static void teardown(void)
{
    ix_http_request_clear(&r);
    ix_http_error_clear(&e);
}

TestSuite(api_form, .fini = teardown);

static int encode(const char *id, struct ix_api_params p)
{
    teardown();
    ix_api_set_fixture(&s);
    return ix_api_encode_in(&s, ix_api_find_in(&s, id), &p, &r, &e);
}

static int from_json(const char *id, const char *text, const irisx_upload_t *upload)
{
    irisx_value_t *v = json(text);
    int err = encode(id, (struct ix_api_params){ .value = v, .upload = upload });

    irisx_value_free(v);
    return err;
}

static void part_is(size_t i, const char *name, const char *text)
{
    text_is(r.parts[i].name, name);
    text_is(r.parts[i].source.data, text);
    text_is(r.parts[i].source.file_name, NULL);
}

static void form_with_a_file(const char *path)
{
    cr_assert_eq(r.kind, IX_HTTP_BODY_MULTIPART);
    text_is(r.path, "/fx/upload/a%2Fb");
    cr_assert_eq(r.part_count, 5);
    text_is(r.parts[0].name, "file");
    text_is(r.parts[0].source.path, path);
    text_is(r.parts[0].source.file_name, "call.wav");
    part_is(1, "name", "n\"&\r\n");
    part_is(2, "count", "-3");
    part_is(3, "tags", "[\"x\",\"y\"]");
    part_is(4, "place", "{\"city\":\"K\"}");
}

Test(api_form, a_form_with_a_file_from_a_struct)
{
    static const char *const tags[] = { "x", "y" };
    const irisx_upload_t file = { .path = "/tmp/call.wav" };
    const irisx_api_fx_upload_place_t place = { .city = "K" };
    const irisx_api_fx_upload_params_t p = {
        .id = "a/b", .file = &file, .name = "n\"&\r\n", .count = irisx_int(-3), .tags = { tags, 2 }, .place = &place
    };

    cr_assert_eq(
        encode("fx.upload", (struct ix_api_params){ .fields = &p, .extra_at = offsetof(__typeof__(p), extra) }), 0,
        "%s", e.info.message);
    form_with_a_file("/tmp/call.wav");
}

Test(api_form, the_same_from_a_value)
{
    cr_assert_eq(
        from_json("fx.upload",
            "{'id':'a/b','file':'/tmp/call.wav','name':'n\\'&\\r\\n','count':-3,'tags':['x','y'],'place':{'city':'K'}}",
            NULL),
        0, "%s", e.info.message);
    form_with_a_file("/tmp/call.wav");
}

Test(api_form, a_file_may_be_bytes_with_a_name_and_a_type)
{
    const irisx_upload_t file = { .data = "a\0b", .len = 3, .file_name = "x.bin", .content_type = "audio/wav" };
    const irisx_api_fx_upload_params_t p = { .id = "1", .file = &file };

    cr_assert_eq(
        encode("fx.upload", (struct ix_api_params){ .fields = &p, .extra_at = offsetof(__typeof__(p), extra) }), 0);
    cr_assert_eq(r.part_count, 1);
    cr_assert_eq(r.parts[0].source.len, 3);
    cr_assert_eq(memcmp(r.parts[0].source.data, "a\0b", 3), 0);
    text_is(r.parts[0].source.content_type, "audio/wav");
    cr_assert_eq(
        from_json("fx.upload", "{'id':1,'file':{'text':'hello','file_name':'h.txt'},'more':{'a':1}}", NULL), 0);
    text_is(r.parts[0].source.data, "hello");
    text_is(r.parts[0].source.file_name, "h.txt");
    text_is(r.parts[1].name, "more");
    text_is(r.parts[1].source.data, "{\"a\":1}");
}

Test(api_form, a_file_without_a_source_or_with_two_is_refused)
{
    static const irisx_upload_t two = { .path = "x", .data = "y", .len = 1 };
    const irisx_api_fx_upload_params_t p = { .id = "1", .file = &two };

    cr_assert_eq(
        encode("fx.upload", (struct ix_api_params){ .fields = &p, .extra_at = offsetof(__typeof__(p), extra) }),
        IRISX_E_INVALID);
    cr_assert_eq(from_json("fx.upload", "{'id':1,'file':{'file_name':'x'}}", NULL), IRISX_E_INVALID);
    cr_assert_eq(from_json("fx.upload", "{'id':1}", NULL), IRISX_E_INVALID);
    cr_assert_not_null(strstr(e.info.message, "file: Required"));
}

Test(api_form, pairs_are_escaped_and_headers_are_lines)
{
    static const double sizes[] = { 1.5, 2 };
    const irisx_api_fx_form_params_t p = {
        .x_signature = "sha256=ab", .call_id = "a b&c=\xc3\xbc", .on = irisx_bool(0), .sizes = { sizes, 2 }
    };

    cr_assert_eq(
        encode("fx.form", (struct ix_api_params){ .fields = &p, .extra_at = offsetof(__typeof__(p), extra) }), 0);
    cr_assert_eq(r.kind, IX_HTTP_BODY_FORM);
    text_is(r.body, "Call-ID=a%20b%26c%3D%C3%BC&on=false&sizes=%5B1.5%2C2.0%5D");
    text_is(r.headers, "X-Signature: sha256=ab\r\n");
    cr_assert_eq(from_json("fx.form", "{'Call-ID':null,'on':true,'zz':'x y'}", NULL), 0);
    text_is(r.body, "on=true&zz=x%20y");
    text_is(r.headers, NULL);
}

Test(api_form, a_form_of_nothing_is_empty)
{
    cr_assert_eq(from_json("fx.form", "{}", NULL), 0);
    cr_assert_eq(r.kind, IX_HTTP_BODY_FORM);
    text_is(r.body, ""); /* NULL would be sent as {} */
    cr_assert_eq(r.body_len, 0);
}

Test(api_form, where_both_are_taken_a_file_makes_a_form_and_nothing_makes_json)
{
    cr_assert_eq(from_json("fx.either", "{'name':'n','file':{'text':'abc'}}", NULL), 0);
    cr_assert_eq(r.kind, IX_HTTP_BODY_MULTIPART);
    cr_assert_eq(r.part_count, 2);
    ix_http_request_clear(&r);
    cr_assert_eq(from_json("fx.either", "{'name':'n','url':null,'zz':1}", NULL), 0);
    cr_assert_eq(r.kind, IX_HTTP_BODY_JSON);
    text_is(r.body, "{\"name\":\"n\",\"url\":null,\"zz\":1}");
    cr_assert_eq(r.part_count, 0);
}

Test(api_form, a_header_cannot_smuggle_another_one)
{
    cr_assert_eq(from_json("fx.form", "{'X-Signature':'a\\r\\nX-Api-Key: b'}", NULL), IRISX_E_INVALID);
    cr_assert_not_null(strstr(e.info.message, "X-Signature"));
}

Test(api_form, bytes_go_as_they_are_under_the_contracts_type)
{
    const irisx_upload_t wav = { .data = "RIFF\0", .len = 5 };

    cr_assert_eq(from_json("fx.raw", "{'kind':'x','more':1}", &wav), 0, "%s", e.info.message);
    cr_assert_eq(r.kind, IX_HTTP_BODY_RAW);
    text_is(r.body, NULL);
    text_is(r.query, "kind=x&more=1");
    text_is(r.send, "audio/wav");
    text_is(r.accept, "audio/ogg, application/json");
    cr_assert_eq(r.source.len, 5);
    cr_assert_eq(memcmp(r.source.data, "RIFF\0", 5), 0);
    cr_assert_eq(from_json("fx.raw", "{}", NULL), IRISX_E_INVALID);
    cr_assert_not_null(strstr(e.info.message, "upload"));
    cr_assert_eq(from_json("fx.form", "{}", &wav), IRISX_E_INVALID);
    cr_assert_not_null(strstr(e.info.message, "takes no upload"));
}

Test(api_form, what_a_callback_gives_is_kept_as_a_callback)
{
    const irisx_upload_t u = {
        .read = (irisx_read_fn) (void *) &r, .user_data = &e, .size = 77, .content_type = "a/b"
    };

    cr_assert_eq(from_json("fx.raw", "{}", &u), 0);
    cr_assert_eq(r.source.read, u.read);
    cr_assert_eq(r.source.size, 77);
    text_is(r.source.content_type, "a/b");
    text_is(r.send, NULL);
}
