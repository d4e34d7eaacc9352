/* What the doctor calls well, worth a look, and broken. */
#include "tests/unit/ctl/called.h"
#include "tests/unit/unit.h"
#include "tools/ctl/doctor.h"

static void must_be(enum health_grade grade, struct verdict v)
{
    ck_assert_int_eq(v.grade, grade);
    ck_assert_int_eq(v.todo != NULL, grade != GRADE_OK);
}

START_TEST(topics)
{
    struct kafka_partition p[2] = {
        {.partition = 0, .has_leader = true, .replicas = 1, .in_sync = 1},
        {.partition = 1, .has_leader = true, .replicas = 1, .in_sync = 1}};
    must_be(GRADE_OK, doctor_judge_topic(p, 2, 2, 1));
    must_be(GRADE_WARN, doctor_judge_topic(p, 2, 12, 1));
    must_be(GRADE_WARN,
            doctor_judge_topic(p, 2, 2, 3)); /* one copy, though there are three brokers */
    p[0].replicas = p[0].in_sync = p[1].replicas = 3;
    must_be(GRADE_WARN, doctor_judge_topic(p, 2, 2, 3));
    p[1].in_sync = 3;
    must_be(GRADE_OK, doctor_judge_topic(p, 2, 2, 3));
    p[1].has_leader = false;
    must_be(GRADE_FAIL, doctor_judge_topic(p, 2, 2, 3));
}
END_TEST

START_TEST(numbers)
{
    must_be(GRADE_OK, doctor_judge_lag(10000, 10000));
    must_be(GRADE_WARN, doctor_judge_lag(10001, 10000));
    must_be(GRADE_WARN, doctor_judge_lag(-1, 10000));
    must_be(GRADE_OK, doctor_judge_schema(2, 2));
    must_be(GRADE_WARN, doctor_judge_schema(0, 2));
    must_be(GRADE_WARN, doctor_judge_schema(1, 2));
    must_be(GRADE_FAIL, doctor_judge_schema(3, 2));
    must_be(GRADE_OK, doctor_judge_clock(-2000));
    must_be(GRADE_WARN, doctor_judge_clock(2001));
    must_be(GRADE_FAIL, doctor_judge_clock(-60001));
    must_be(GRADE_OK, doctor_judge_disk(0, 0));
    must_be(GRADE_OK, doctor_judge_disk(79, 100));
    must_be(GRADE_WARN, doctor_judge_disk(81, 100));
    must_be(GRADE_FAIL, doctor_judge_disk(96, 100));
}
END_TEST

START_TEST(wrong_use_is_told)
{
    MUST_SAY(CTL_USAGE, "--ingest-url", "doctor", "--ingest-url", "https://example.com");
    MUST_SAY(CTL_USAGE, "--max-lag: \"many\" is no number", "doctor", "--max-lag", "many");
}
END_TEST

UNIT_CASE(doctor)
{
    tcase_add_test(tc, topics);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, wrong_use_is_told);
}
