/* SPDX-License-Identifier: MIT */
/* Parsing, building and writing with the Nth allocation failing, jansson's own allocations included. */
#include <criterion/criterion.h>
#include <string.h>

#include "oom.h"
#include "json/json.h"

static int parse_and_write(void *arg)
{
    irisx_value_t *v = NULL;
    irisx_value_error_t why;
    int err = irisx_value_parse(arg, strlen(arg), &v, &why);

    if (err != 0)
        return err;
    irisx_value_t *copy = irisx_value_dup(v);
    char *text = irisx_value_to_text(v);
    err = copy == NULL || text == NULL ? IRISX_E_NO_MEMORY : 0;
    if (err == 0 && (!irisx_value_equal(v, copy) || strcmp(text, arg) != 0))
        err = IRISX_E_INTERNAL;
    irisx_text_free(text);
    irisx_value_free(copy);
    irisx_value_free(v);
    return err;
}

Test(json_oom, parse_copy_and_text_fail_cleanly)
{
    char text[] = "{\"event\":\"call.completed\",\"data\":{\"id\":42,\"cost\":0.0075,\"tags\":[\"a\",\"b\",[],{}],"
                  "\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"note\":\"\xc3\xa9\"},"
                  "\"list\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20],\"ok\":true,\"none\":null}";

    cr_assert_eq(oom_run(parse_and_write, text), 0);
}

static int build(void *arg)
{
    irisx_value_t *v = irisx_value_new_object();
    irisx_value_t *list = irisx_value_new_array();
    int err = v == NULL ? IRISX_E_NO_MEMORY : irisx_value_set_take(v, "list", list);

    (void) arg;
    if (v == NULL)
        irisx_value_free(list);
    for (int i = 0; i < 40 && err == 0; i++)
        err = irisx_value_add_int(list, i);
    if (err == 0)
        err = irisx_value_set_text(v, "text", "x");
    if (err == 0)
        err = irisx_value_set_num(v, "num", 0.5);
    if (err == 0)
        err = irisx_value_set_take(v, "object", irisx_value_new_object());
    irisx_value_free(v);
    return err;
}

Test(json_oom, building_fails_cleanly)
{
    cr_assert_eq(oom_run(build, NULL), 0);
}
