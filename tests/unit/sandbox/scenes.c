/* SPDX-License-Identifier: MIT */
/* Which number is which scene, and that every scene can be played to its end. */
#include <criterion/criterion.h>
#include <string.h>

#include "sandbox/scenes.h"

static enum scene_op first(const char *number)
{
    return sandbox_scene_find(ix_str(number))->steps[0].op;
}

Test(scenes, the_agreed_numbers_are_known)
{
    cr_expect_eq(first("9196"), SCENE_ANSWER);
    cr_expect_eq(first("9408"), SCENE_RING);
    cr_expect_eq(first("9486"), SCENE_REJECT);
    cr_expect_eq(first("1007"), SCENE_AGENT);
    cr_expect_eq(first("+12025550123"), SCENE_EARLY);
    cr_expect_eq(first("12025550123"), SCENE_EARLY);
    cr_expect(sandbox_scene_meets(sandbox_scene_find(IX_STR("3000"))));
    cr_expect_not(sandbox_scene_meets(sandbox_scene_find(IX_STR("9196"))));
}

Test(scenes, what_nobody_knows_is_404)
{
    static const char *const numbers[] = { "", "9404", "10", "10a1", "100", "10000", "+1202555012", "+1202555012x",
        "+22025550123", "919", "91960", "9196 " };

    for (size_t i = 0; i < IX_COUNT(numbers); i++) {
        const struct scene_step *step = sandbox_scene_find(ix_str(numbers[i]))->steps;

        cr_expect(step->op == SCENE_REJECT && step->status == 404 && step->cause == 1, "%s", numbers[i]);
    }
}

static void jumps_stay_inside(const struct scene *scene)
{
    size_t n = 0;

    while (scene->steps[n].op != SCENE_END)
        n++;
    for (size_t i = 0; i < n; i++) {
        const struct scene_step *step = &scene->steps[i];

        if (step->op == SCENE_COLLECT || step->op == SCENE_AGAIN)
            cr_expect(step->go <= n, "%s: step %zu", scene->pattern, i);
        if (step->op == SCENE_COLLECT)
            cr_expect(step->count > 0 && step->ms > 0);
        if (step->op == SCENE_SAY)
            cr_expect_not_null(step->text);
        if (step->op == SCENE_EARLY || step->op == SCENE_PAUSE || step->op == SCENE_RECORD)
            cr_expect(step->ms > 0, "%s: step %zu waits for ever", scene->pattern, i);
    }
}

Test(scenes, no_step_leads_out_of_its_scene)
{
    static const char *const numbers[] = { "9196", "9197", "9198", "9199", "9486", "9404", "9408", "9500", "3000",
        "1000", "+12025550123" };

    for (size_t i = 0; i < IX_COUNT(numbers); i++)
        jumps_stay_inside(sandbox_scene_find(ix_str(numbers[i])));
    jumps_stay_inside(sandbox_scene_agent());
    jumps_stay_inside(sandbox_scene_platform());
}

Test(scenes, the_ready_line_names_numbers_that_exist)
{
    char text[1024];
    struct ix_buf b;

    ix_buf_init_fixed(&b, text, sizeof text - 1);
    sandbox_scenes_write(&b);
    text[b.n] = 0;
    cr_assert_eq(b.err, 0);
    cr_expect_not_null(strstr(text, "\"echo\":\"9196\""));
    cr_expect_not_null(strstr(text, "\"person\":\"+12025550123\""));
    cr_expect_null(strchr(text, 'X'));
}
