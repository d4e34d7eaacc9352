/* Problems of readings as the older systems told them: {"detail":[{"type","loc","msg","input"}]}.
 */
#include "ingest/detail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/num.h"

static bool is_field(const struct reading_problem *p, const char *name)
{
    return strcmp(p->field, name) == 0;
}

static bool is_integer_field(const struct reading_problem *p)
{
    return is_field(p, "battery_level") || is_field(p, "rssi") || is_field(p, "seq");
}

static const char *type_of_type(const struct reading_problem *p)
{
    bool text = p->input.len > 0 && p->input.p[0] == '"';
    if (is_field(p, "device_id"))
        return "string_type";
    if (is_field(p, "online"))
        return "bool_type";
    if (is_field(p, "ts") || is_field(p, "timestamp"))
        return "datetime_parsing";
    if (is_integer_field(p))
        return text ? "int_parsing" : "int_type";
    return text ? "float_parsing" : "float_type";
}

/* Every range has its middle near zero or above, so the sign tells the side. */
static const char *type_of_range(const struct reading_problem *p)
{
    double v;
    if (!num_parse_json(p->input, &v))
        return "value_error";
    if (isinf(v))
        return "finite_number";
    return v < 0 ? "greater_than_equal" : "less_than_equal";
}

/* A problem of length concerns the value of device_id and the name of every other field. */
static bool is_empty(const struct reading_problem *p)
{
    return is_field(p, "device_id") ? p->input.len <= strlen("\"\"") : p->field[0] == '\0';
}

const char *detail_type(const struct reading_problem *p)
{
    switch (p->code) {
    case PROBLEM_MISSING:
        return "missing";
    case PROBLEM_TYPE:
        return type_of_type(p);
    case PROBLEM_RANGE:
        return type_of_range(p);
    case PROBLEM_LENGTH:
        return is_empty(p) ? "string_too_short" : "string_too_long";
    case PROBLEM_CHARACTERS:
        return "string_pattern_mismatch";
    case PROBLEM_TIMESTAMP:
        return "datetime_parsing";
    case PROBLEM_FUTURE:
        return "datetime_in_future";
    case PROBLEM_TOO_MANY_SENSORS:
        return "too_long";
    case PROBLEM_NOT_AN_OBJECT:
        return "model_attributes_type";
    case PROBLEM_SYNTAX:
    case PROBLEM_DUPLICATE_FIELD:
    case PROBLEM_NONE:
        break;
    }
    return "json_invalid";
}

void detail_sentence(const struct reading_problem *p, char out[DETAIL_SENTENCE_MAX])
{
    if (p->code == PROBLEM_SYNTAX)
        snprintf(out, DETAIL_SENTENCE_MAX, "the body %s", p->message); /* it names the byte */
    else if (p->code == PROBLEM_DUPLICATE_FIELD)
        snprintf(out, DETAIL_SENTENCE_MAX, "%s %s, at byte %zu", p->field, p->message, p->offset);
    else
        snprintf(out, DETAIL_SENTENCE_MAX, "%s %s", p->field[0] ? p->field : "the reading",
                 p->message);
}

/* The input is JSON that the reader has accepted, but few other readers take 1e400. */
static bool is_repeatable(const struct reading_problem *p)
{
    double v;
    if (p->input.len == 0 || p->input.len > DETAIL_INPUT_MAX)
        return false;
    return !num_parse_json(p->input, &v) || !isinf(v);
}

static void write_problem(const struct reading_problem *p, struct buf *out)
{
    char sentence[DETAIL_SENTENCE_MAX];
    detail_sentence(p, sentence);
    buf_printf(out, "{\"type\":\"%s\",\"loc\":[\"body\"", detail_type(p));
    if (p->field[0]) {
        buf_char(out, ',');
        buf_json_string(out, span_str(p->field));
    }
    buf_str(out, "],\"msg\":");
    buf_json_string(out, span_str(sentence));
    buf_str(out, ",\"input\":");
    if (is_repeatable(p))
        buf_span(out, p->input);
    else
        buf_str(out, "null");
    buf_char(out, '}');
}

void detail_write(const struct reading_problems *problems, struct buf *out)
{
    buf_str(out, "{\"detail\":[");
    for (unsigned i = 0; i < problems->count; i++) {
        if (i > 0)
            buf_char(out, ',');
        write_problem(&problems->item[i], out);
    }
    buf_str(out, "]}");
}

void detail_write_refused(const char *reason, struct buf *out)
{
    buf_str(out, "{\"detail\":[{\"type\":\"kafka_refused\",\"loc\":[\"body\"],\"msg\":");
    buf_json_string(out, span_str(reason));
    buf_str(out, ",\"input\":null}]}");
}
