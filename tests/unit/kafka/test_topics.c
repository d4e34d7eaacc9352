/* Creating topics: what exists is left alone, and nobody waits for ever. (The mock broker cannot
 * create topics, so creation itself is tested against Kafka.) */
#include "common/kafka/topics.h"

#include <string.h>

#include "tests/unit/kafka/mock.h"
#include "tests/unit/unit.h"

START_TEST(an_existing_topic_is_left_alone)
{
    struct mock broker;
    mock_start(&broker);
    struct kafka_config config = mock_config(&broker);
    struct kafka_topic topic = {
        .name = "readings", .partitions = MOCK_PARTITIONS + 1, .replication_factor = 1};
    struct err e = {0};
    ck_assert_msg(kafka_topics_ensure(&config, &topic, 1, MOCK_PATIENCE_MS, &e) == 0, "%s",
                  e.message);
    mock_stop(&broker);
}
END_TEST

START_TEST(without_a_broker_it_gives_up_in_time)
{
    struct kafka_config config = {.bootstrap_servers = "127.0.0.1:1", .client_id = "test"};
    struct kafka_topic topic = {.name = "readings", .partitions = 1, .replication_factor = 1};
    struct err e = {0};
    uint64_t began = mock_now_ms();
    ck_assert_int_eq(kafka_topics_ensure(&config, &topic, 1, 300, &e), ERR_UNAVAILABLE);
    ck_assert_uint_lt(mock_now_ms() - began, 3000);
}
END_TEST

START_TEST(a_topic_that_can_never_be_is_invalid)
{
    struct mock broker;
    mock_start(&broker);
    struct kafka_config config = mock_config(&broker);
    struct kafka_topic topic = {.name = "new", .partitions = -7, .replication_factor = 1};
    struct err e = {0};
    ck_assert_int_eq(kafka_topics_ensure(&config, &topic, 1, MOCK_PATIENCE_MS, &e), ERR_INVALID);
    ck_assert_msg(strstr(e.message, "new") != NULL, "%s", e.message);
    mock_stop(&broker);
}
END_TEST

START_TEST(a_refused_property_is_invalid)
{
    struct kafka_property property = {"acks", "1"};
    struct kafka_config config = {.bootstrap_servers = "127.0.0.1:1",
                                  .client_id = "test",
                                  .properties = &property,
                                  .property_count = 1};
    struct err e = {0};
    ck_assert_int_eq(kafka_topics_ensure(&config, NULL, 0, 300, &e), ERR_INVALID);
}
END_TEST

UNIT_CASE(topics)
{
    tcase_add_test(tc, an_existing_topic_is_left_alone);
    tcase_add_test(tc, without_a_broker_it_gives_up_in_time);
    tcase_add_test(tc, a_topic_that_can_never_be_is_invalid);
    tcase_add_test(tc, a_refused_property_is_invalid);
}
