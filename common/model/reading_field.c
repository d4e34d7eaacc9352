/* The names a reading knows, and what a sensor may be called. */
#include "common/model/reading_decoder.h"

/* By length first: most names are told apart without looking at them, and the comparisons that
 * are left have a constant length and compile to a few instructions. */
#define IS(literal, field) (memcmp(p, literal, sizeof(literal) - 1) == 0 ? (field) : FIELD_EXTRA)

static enum reading_field find_of_3(const char *p)
{
    if (p[0] == 'l') {
        return p[1] == 'a' ? IS("lat", FIELD_LAT) : IS("lon", FIELD_LON);
    }
    return p[0] == 's' ? IS("seq", FIELD_SEQ) : IS("key", FIELD_KEY);
}

enum reading_field reading_field_find(struct span name)
{
    const char *p = name.p;
    switch (name.len) {
    case 2:
        return IS("ts", FIELD_TS);
    case 3:
        return find_of_3(p);
    case 4:
        return IS("rssi", FIELD_RSSI);
    case 6:
        return IS("online", FIELD_ONLINE);
    case 8:
        return IS("humidity", FIELD_HUMIDITY);
    case 9:
        return p[0] == 'd' ? IS("device_id", FIELD_DEVICE_ID) : IS("timestamp", FIELD_TIMESTAMP);
    case 11:
        return IS("received_at", FIELD_RECEIVED_AT);
    case 13:
        return p[0] == 't' ? IS("temperature_c", FIELD_TEMPERATURE_C)
                           : IS("battery_level", FIELD_BATTERY_LEVEL);
    default:
        return FIELD_EXTRA;
    }
}

static bool is_word(unsigned char c, bool digits)
{
    unsigned char letter = (unsigned char)(c | 0x20);
    return (letter >= 'a' && letter <= 'z') || c == '_' || (digits && c >= '0' && c <= '9');
}

bool reading_sensor_name_valid(struct span name)
{
    if (name.len < 1 || name.len > READING_SENSOR_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (!is_word((unsigned char)name.p[i], i > 0)) {
            return false;
        }
    }
    return true;
}

/* C0, DEL, and C1 (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F). */
static bool has_control(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c == 0x7f) {
            return true;
        }
        if (c == 0xc2 && i + 1 < text.len && (unsigned char)text.p[i + 1] < 0xa0) {
            return true;
        }
    }
    return false;
}

enum reading_problem_code reading_device_id_check(struct span id)
{
    if (id.len < 1 || id.len > READING_DEVICE_ID_MAX) {
        return PROBLEM_LENGTH;
    }
    return has_control(id) ? PROBLEM_CHARACTERS : PROBLEM_NONE;
}
