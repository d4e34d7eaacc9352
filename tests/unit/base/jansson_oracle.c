/* What jansson makes of a document, as text. */
#include "tests/unit/base/jansson_oracle.h"

#include <jansson.h>

static void transcribe(const json_t *value, struct buf *out);

static void transcribe_object(const json_t *object, struct buf *out)
{
    const char *key;
    json_t *value;
    buf_str(out, " {");
    json_object_foreach((json_t *)object, key, value)
    {
        buf_printf(out, " k%s", key);
        transcribe(value, out);
    }
    buf_str(out, " }");
}

static void transcribe_array(const json_t *array, struct buf *out)
{
    size_t i;
    const json_t *value;
    buf_str(out, " [");
    json_array_foreach(array, i, value)
    {
        transcribe(value, out);
    }
    buf_str(out, " ]");
}

static void transcribe(const json_t *value, struct buf *out)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        transcribe_object(value, out);
        break;
    case JSON_ARRAY:
        transcribe_array(value, out);
        break;
    case JSON_STRING:
        buf_str(out, " s");
        buf_append(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        buf_printf(out, " #i%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        buf_printf(out, " #r%a", json_real_value(value));
        break;
    default:
        buf_str(out, json_is_true(value) ? " t" : json_is_false(value) ? " f" : " n");
    }
}

enum verdict jansson_oracle(struct span json, struct buf *out)
{
    json_error_t error;
    json_t *value = json_loadb(json.p, json.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        enum json_error_code code = json_error_code(&error);
        bool excused = code == json_error_numeric_overflow || code == json_error_duplicate_key;
        return excused ? VERDICT_EXCUSED : VERDICT_REFUSED;
    }
    transcribe(value, out);
    json_decref(value);
    return VERDICT_ACCEPTED;
}
