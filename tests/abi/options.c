/* SPDX-License-Identifier: MIT */
/*
 * Options structs across versions: a program built against older or newer headers than the library. The blocks are
 * allocated with exactly the caller's size, so that the sanitizer sees a read beyond it.
 */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <irisx/irisx.h>

#define EQUAL_BYTES(type, INIT, init)                                        \
    do {                                                                     \
        type by_macro = INIT, by_function;                                   \
        memset(&by_function, 0xa5, sizeof by_function);                      \
        init(&by_function, sizeof by_function);                              \
        cr_assert_eq(by_macro.struct_size, sizeof by_macro);                 \
        cr_assert_arr_eq(&by_macro, &by_function, (int) sizeof by_function); \
    } while (0)

Test(options, macro_and_function_give_equal_bytes)
{
    EQUAL_BYTES(irisx_client_options_t, IRISX_CLIENT_OPTIONS_INIT, irisx_client_options_init);
    EQUAL_BYTES(irisx_line_options_t, IRISX_LINE_OPTIONS_INIT, irisx_line_options_init);
    EQUAL_BYTES(irisx_call_options_t, IRISX_CALL_OPTIONS_INIT, irisx_call_options_init);
    EQUAL_BYTES(irisx_rest_options_t, IRISX_REST_OPTIONS_INIT, irisx_rest_options_init);
    EQUAL_BYTES(irisx_receiver_options_t, IRISX_RECEIVER_OPTIONS_INIT, irisx_receiver_options_init);
}

/* A copy of the options with another size: cut off, or with a tail of `fill` bytes. */
static void *resized(const void *options, size_t known, size_t size, int fill)
{
    unsigned char *block = malloc(size);

    cr_assert_not_null(block);
    memset(block, fill, size);
    memcpy(block, options, known < size ? known : size);
    memcpy(block, &size, sizeof size);
    return block;
}

static irisx_error_t try_client(size_t size, int fill)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *client = NULL;

    options.zero_thread = 1;
    void *block = resized(&options, sizeof options, size, fill);
    irisx_error_t err = irisx_client_new(block, &client);
    free(block);
    cr_assert_eq(err == IRISX_OK, client != NULL, "an output is written on success, and only then");
    if (client != NULL)
        cr_assert_eq(irisx_client_close(client, 0), IRISX_OK);
    irisx_client_unref(client);
    return err;
}

Test(options, an_older_caller_is_served)
{
    cr_assert_eq(try_client(offsetof(irisx_client_options_t, realtime), 0), IRISX_OK);
    cr_assert_eq(try_client(sizeof(size_t), 0), IRISX_OK);
}

Test(options, a_newer_caller_is_served_if_it_asks_for_nothing_new)
{
    cr_assert_eq(try_client(sizeof(irisx_client_options_t) + 24, 0), IRISX_OK);
    cr_assert_eq(try_client(sizeof(irisx_client_options_t) + 24, 1), IRISX_E_INVALID);
}

Test(options, a_size_that_cannot_be_is_refused)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *client = NULL;

    options.struct_size = 0;
    cr_assert_eq(irisx_client_new(&options, &client), IRISX_E_INVALID);
    options.struct_size = sizeof(size_t) - 1;
    cr_assert_eq(irisx_client_new(&options, &client), IRISX_E_INVALID);
    cr_assert_null(client);
}

static irisx_error_t try_line(irisx_client_t *client, size_t size, int fill)
{
    irisx_line_options_t options = IRISX_LINE_OPTIONS_INIT;
    irisx_line_t *line = NULL;
    irisx_op_t *op = NULL;

    options.ws_url = "ws://127.0.0.1:9/";
    options.user = "1000";
    void *block = resized(&options, sizeof options, size, fill);
    irisx_error_t err = irisx_line_open(client, block, &line, &op);
    free(block);
    irisx_op_unref(op);
    irisx_line_unref(line);
    return err;
}

Test(options, lines_take_older_and_newer_callers_too)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *client = NULL;

    options.zero_thread = 1;
    cr_assert_eq(irisx_client_new(&options, &client), IRISX_OK);
    cr_assert_eq(try_line(client, offsetof(irisx_line_options_t, realm), 0), IRISX_OK);
    cr_assert_eq(try_line(client, sizeof(irisx_line_options_t) + 8, 0), IRISX_OK);
    cr_assert_eq(try_line(client, sizeof(irisx_line_options_t) + 8, 7), IRISX_E_INVALID);
    cr_assert_eq(try_line(client, offsetof(irisx_line_options_t, user), 0), IRISX_E_INVALID, "without a user");
    cr_assert_eq(irisx_client_close(client, 0), IRISX_OK);
    irisx_client_unref(client);
}
