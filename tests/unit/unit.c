/* Runs every registered test case of this binary and ends with "N passed, N failed". */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/num.h"

enum { CASES_MAX = 64 };

static struct {
    const char *name;
    unit_fill fill;
} cases[CASES_MAX];
static int case_count;

void unit_register(const char *name, unit_fill fill)
{
    if (case_count == CASES_MAX) {
        fputs("unit: more test cases than CASES_MAX\n", stderr);
        abort();
    }
    cases[case_count].name = name;
    cases[case_count++].fill = fill;
}

int64_t unit_wanted(const char *variable, int64_t fallback)
{
    const char *text = getenv(variable);
    int64_t wanted = fallback;
    if (text && !num_parse_i64(span_str(text), 1, INT64_C(1000000000), &wanted)) {
        ck_abort_msg("%s=%s is no number from 1 to 1000000000", variable, text);
    }
    return wanted;
}

int main(int argc, char **argv)
{
    (void)argc;
    Suite *suite = suite_create(argv[0]);
    for (int i = 0; i < case_count; i++) {
        TCase *tc = tcase_create(cases[i].name);
        tcase_set_timeout(tc, 60);
        cases[i].fill(tc);
        suite_add_tcase(suite, tc);
    }
    SRunner *runner = srunner_create(suite);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    srunner_set_fork_status(runner, CK_NOFORK); /* sanitizers report from the process itself */
#endif
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed || run == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
