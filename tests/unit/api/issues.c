/* SPDX-License-Identifier: MIT */
/* The words of zod, as the contract records them (WIRE.md section 5). */
#include "fixture.h"

static void zod_is(const char *id, const char *body, const char *want)
{
    struct ix_api_issues list;
    irisx_value_t *v = json(body);
    irisx_value_t *have = NULL;
    irisx_value_t *wanted = json(want);
    struct ix_buf b;

    (void) ix_api_validate_body(ix_api_find(id), v, &list);
    ix_buf_init(&b, 65536);
    ix_api_issues_zod(&list, &b);
    cr_assert_eq(ix_json_parse(ix_str_n(b.p, b.n), &have, NULL), 0);
    cr_expect(irisx_value_equal(have, wanted), "%.*s", (int) b.n, (const char *) b.p);
    ix_buf_clear(&b);
    irisx_value_free(have);
    irisx_value_free(wanted);
    irisx_value_free(v);
}

Test(api_issues, speak_as_zod_does)
{
    zod_is("calls.create", "{}",
        "[{'code':'invalid_type','expected':'string','received':'undefined','path':['to'],'message':'Required'}]");
    zod_is("calls.create", "{'to':5}",
        "[{'code':'invalid_type','expected':'string','received':'number','path':['to'],'message':'Expected string, received number'}]");
    zod_is("calls.create", "{'to':'x'}",
        "[{'validation':'regex','code':'invalid_string','path':['to'],'message':'Invalid'}]");
    zod_is("auth.login", "{'email':'nobody','password':''}",
        "[{'validation':'email','code':'invalid_string','path':['email'],'message':'Invalid email'},"
        "{'code':'too_small','minimum':1,'type':'string','inclusive':true,'exact':false,'path':['password'],"
        "'message':'String must contain at least 1 character(s)'}]");
    zod_is("calls.actions", "{'verb':'play','url':'http://x.test','loop':101}",
        "[{'code':'too_big','maximum':100,'type':'number','inclusive':true,'exact':false,'path':['loop'],"
        "'message':'Number must be less than or equal to 100'}]");
    zod_is("calls.actions", "{'verb':'gather','input':['smoke']}",
        "[{'code':'invalid_enum_value','received':'smoke','options':['dtmf','speech'],'path':['input',0],"
        "'message':'Invalid enum value. Expected \\u0027dtmf\\u0027 | \\u0027speech\\u0027, received \\u0027smoke\\u0027'}]");
}
