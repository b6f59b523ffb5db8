/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "io/internal.h"

static struct ix_ws_parser w;
static struct ix_ws_item item;
static uint16_t code;

static void setup(void)
{
    ix_ws_parser_init(&w);
}

static void teardown(void)
{
    ix_ws_parser_clear(&w);
}

TestSuite(ws_frame, .init = setup, .fini = teardown);

static bool feed(const void *p, size_t n)
{
    const uint8_t *at = p;
    return ix_ws_parse(&w, &at, &n, &item, &code);
}

#define FEED(...) feed((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* RFC 6455 section 5.7: a masked text frame "Hello" */
static const uint8_t hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };

Test(ws_frame, the_masked_hello_of_the_rfc_is_read)
{
    cr_assert(feed(hello, sizeof hello));
    cr_assert_eq(item.opcode, IX_WS_TEXT);
    cr_assert_eq(item.len, 5);
    cr_assert_eq(memcmp(item.data, "Hello", 5), 0);
}

Test(ws_frame, one_byte_at_a_time_gives_the_same)
{
    for (size_t i = 0; i + 1 < sizeof hello; i++)
        cr_assert_not(feed(hello + i, 1));
    cr_assert(feed(hello + sizeof hello - 1, 1));
    cr_assert_eq(memcmp(item.data, "Hello", 5), 0);
}

Test(ws_frame, fragments_are_joined_and_control_frames_between_them_come_out_at_once)
{
    cr_assert_not(FEED(0x01, 0x82, 0, 0, 0, 0, 'a', 'b'));
    cr_assert(FEED(0x89, 0x81, 0, 0, 0, 0, '!'));
    cr_assert_eq(item.opcode, IX_WS_OP_PING);
    cr_assert_eq(item.data[0], '!');
    cr_assert(FEED(0x80, 0x81, 0, 0, 0, 0, 'c'));
    cr_assert_eq(item.opcode, IX_WS_TEXT);
    cr_assert_eq(item.len, 3);
    cr_assert_eq(memcmp(item.data, "abc", 3), 0);
}

Test(ws_frame, two_messages_in_one_read_come_one_after_the_other)
{
    uint8_t two[2 * sizeof hello];
    const uint8_t *p = two;
    size_t n = sizeof two;
    memcpy(two, hello, sizeof hello);
    memcpy(two + sizeof hello, hello, sizeof hello);
    cr_assert(ix_ws_parse(&w, &p, &n, &item, &code));
    cr_assert_eq(n, sizeof hello);
    cr_assert(ix_ws_parse(&w, &p, &n, &item, &code));
    cr_assert_eq(item.len, 5);
    cr_assert_eq(n, 0);
    cr_assert_not(ix_ws_parse(&w, &p, &n, &item, &code));
    cr_assert_eq(code, 0);
}

Test(ws_frame, an_empty_message_is_a_message)
{
    cr_assert(FEED(0x82, 0x80, 1, 2, 3, 4));
    cr_assert_eq(item.opcode, IX_WS_BINARY);
    cr_assert_eq(item.len, 0);
}

static void expect_code(uint16_t want, const uint8_t *p, size_t n)
{
    ix_ws_parser_clear(&w);
    ix_ws_parser_init(&w);
    cr_assert_not(feed(p, n));
    cr_assert_eq(code, want, "%02x %02x gave %u", p[0], p[1], code);
}

#define EXPECT_CODE(want, ...) \
    expect_code(want, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

Test(ws_frame, violations_name_their_close_code)
{
    EXPECT_CODE(1002, 0x81, 0x01, 'a', 0, 0, 0); /* not masked */
    EXPECT_CODE(1002, 0xc1, 0x80, 0, 0, 0, 0); /* a reserved bit */
    EXPECT_CODE(1002, 0x83, 0x80, 0, 0, 0, 0); /* an unknown opcode */
    EXPECT_CODE(1002, 0x8b, 0x80, 0, 0, 0, 0); /* an unknown control opcode */
    EXPECT_CODE(1002, 0x09, 0x80, 0, 0, 0, 0); /* a fragmented ping */
    EXPECT_CODE(1002, 0x89, 0xfe, 0, 126, 0, 0, 0, 0); /* a ping over 125 bytes */
    EXPECT_CODE(1002, 0x80, 0x80, 0, 0, 0, 0); /* a continuation of nothing */
    EXPECT_CODE(1002, 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* the length's top bit */
    EXPECT_CODE(1009, 0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0); /* 65,537 bytes */
    EXPECT_CODE(1007, 0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28); /* not UTF-8 */
}

Test(ws_frame, a_new_message_inside_a_fragmented_one_is_a_violation)
{
    cr_assert_not(FEED(0x01, 0x81, 0, 0, 0, 0, 'a'));
    cr_assert_not(FEED(0x81, 0x81, 0, 0, 0, 0, 'b'));
    cr_assert_eq(code, 1002);
}

Test(ws_frame, fragments_together_are_bound_by_the_limit_too)
{
    static uint8_t frame[8 + 40000] = { 0x02, 0xfe, 40000 >> 8, 40000 & 0xff };
    cr_assert_not(feed(frame, sizeof frame));
    cr_assert_eq(code, 0);
    frame[0] = 0x80;
    cr_assert_not(feed(frame, sizeof frame));
    cr_assert_eq(code, 1009);
}

Test(ws_frame, heads_are_written_in_the_shortest_form)
{
    uint8_t out[16];
    struct ix_buf b;
    ix_buf_init_fixed(&b, out, sizeof out);
    ix_ws_frame_head(&b, IX_WS_TEXT, 125);
    cr_assert(b.n == 2 && out[0] == 0x81 && out[1] == 125);
    ix_buf_reset(&b);
    ix_ws_frame_head(&b, IX_WS_BINARY, 126);
    cr_assert(b.n == 4 && out[0] == 0x82 && out[1] == 126 && out[3] == 126);
    ix_buf_reset(&b);
    ix_ws_frame_head(&b, IX_WS_BINARY, 65536);
    cr_assert(b.n == 10 && out[1] == 127 && out[7] == 1);
}

Test(ws_frame, the_accept_key_is_the_one_of_the_rfc)
{
    char out[29];
    ix_ws_accept_key(IX_STR("dGhlIHNhbXBsZSBub25jZQ=="), out);
    cr_assert_str_eq(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
