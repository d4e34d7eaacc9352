/* What can be undone by nobody has to be meant. */
#include "tests/unit/ctl/called.h"
#include "tests/unit/unit.h"

START_TEST(it_has_to_be_meant)
{
    MUST_SAY(CTL_USAGE, "--device ID is missing", "purge", "--yes");
    MUST_SAY(CTL_USAGE, "this cannot be undone", "purge", "--device", "x");
    MUST_SAY(CTL_USAGE, "this cannot be undone", "purge", "--device", "x", "--yes", "--dry-run");
    MUST_SAY(CTL_USAGE, "can be no device", "purge", "--device", "", "--yes");
    MUST_SAY(CTL_USAGE, "is no duration", "purge", "--device", "x", "--yes", "--silence", "5");
}
END_TEST

START_TEST(a_time_that_makes_no_sense_is_told)
{
    MUST_SAY(CTL_USAGE, "--from must be before --to", "verify", "--from", "-1m", "--to", "-1h");
    MUST_SAY(CTL_USAGE, "--to: \"now\" is no time", "verify", "--to", "now");
}
END_TEST

UNIT_CASE(purge)
{
    tcase_add_test(tc, it_has_to_be_meant);
    tcase_add_test(tc, a_time_that_makes_no_sense_is_told);
}
