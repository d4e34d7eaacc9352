/* Allocation: zero sizes are allowed, and running out ends the process. */
#include "common/base/xmalloc.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

START_TEST(allows_nothing)
{
    free(xmalloc(0));
    free(xcalloc(0, 8));
    free(xcalloc(8, 0));
    free(xmemdup(NULL, 0));
    char *p = xrealloc(NULL, 0);
    p = xrealloc(p, 10);
    memset(p, 1, 10);
    free(xreallocarray(p, 3, 5));
    char *copy = xstrdup("abc");
    ck_assert_str_eq(copy, "abc");
    free(copy);
    int *zero = xcalloc(4, sizeof *zero);
    ck_assert_int_eq(zero[3], 0);
    free(zero);
}
END_TEST

START_TEST(aborts_when_a_product_overflows)
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        free(xreallocarray(NULL, SIZE_MAX / 2, 3));
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

UNIT_CASE(xmalloc)
{
    tcase_add_test(tc, allows_nothing);
    tcase_add_test(tc, aborts_when_a_product_overflows);
}
