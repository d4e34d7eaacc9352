/* Problems of readings as the older systems told them: {"detail":[{"type","loc","msg","input"}]}.
 */
#ifndef WEIR_INGEST_DETAIL_H
#define WEIR_INGEST_DETAIL_H

#include "common/base/buf.h"
#include "common/model/reading.h"

enum { DETAIL_INPUT_MAX = 256, DETAIL_SENTENCE_MAX = 256 };

/* The word for `type`:
 *
 *   missing                  a required field is not there
 *   float_type, float_parsing      not a number; a string where a number must be
 *   int_type, int_parsing          the same for battery_level, rssi and seq
 *   string_type, bool_type         device_id is no string, online no boolean
 *   greater_than_equal, less_than_equal, finite_number    out of range
 *   string_too_short, string_too_long, string_pattern_mismatch
 *   datetime_parsing, datetime_in_future     ts is no time, or too far ahead
 *   too_long                 more sensors than a reading may have
 *   model_attributes_type    the body is JSON, but no object
 *   json_invalid             for completeness: such bodies are answered 400
 *   kafka_refused            the brokers will never take it; see detail_write_refused
 */
const char *detail_type(const struct reading_problem *p);

/* Appends the whole document. Inputs over DETAIL_INPUT_MAX bytes, and numbers beyond a
 * double, are given as null. */
void detail_write(const struct reading_problems *problems, struct buf *out);

/* The same document for a reading that Kafka refuses for good; `reason` is UTF-8. */
void detail_write_refused(const char *reason, struct buf *out);

/* "humidity is required", "the body is not JSON: ..., at byte 17". */
void detail_sentence(const struct reading_problem *p, char out[DETAIL_SENTENCE_MAX]);

#endif
