/* Points in time as text (RFC 3339) and as milliseconds since 1970. */
#include "common/base/timestamp.h"

#include <stddef.h>
#include <string.h>

enum { MS_PER_SECOND = 1000, SECONDS_PER_MINUTE = 60, SECONDS_PER_DAY = 86400 };

struct fields {
    int year, month, day, hour, minute, second, ms;
    int offset_minutes;
};

/* Days since 1970-01-01 in the proleptic Gregorian calendar, and back. Years begin in March, so
 * that the leap day is the last one (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_from_date(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, struct fields *f)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int day_of_era = (int)(shifted - era * 146097);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int from_march = (5 * day_of_year + 2) / 153;
    f->day = day_of_year - (153 * from_march + 2) / 5 + 1;
    f->month = from_march < 10 ? from_march + 3 : from_march - 9;
    f->year = year_of_era + (int)era * 400 + (f->month <= 2);
}

static int days_in_month(int year, int month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool digits_to_int(const char *p, int count, int *out)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
        value = value * 10 + (p[i] - '0');
    }
    *out = value;
    return true;
}

/* "2026-11-21T10:00:00": 19 bytes that are there. */
static bool parse_date_time(const char *p, struct fields *f)
{
    return digits_to_int(p, 4, &f->year) && p[4] == '-' && digits_to_int(p + 5, 2, &f->month) &&
           p[7] == '-' && digits_to_int(p + 8, 2, &f->day) &&
           (p[10] == 'T' || p[10] == 't' || p[10] == ' ') && digits_to_int(p + 11, 2, &f->hour) &&
           p[13] == ':' && digits_to_int(p + 14, 2, &f->minute) && p[16] == ':' &&
           digits_to_int(p + 17, 2, &f->second);
}

/* ".123456" at `p`, if there: at least one digit, the first three count. NULL = malformed. */
static const char *parse_fraction(const char *p, const char *end, struct fields *f)
{
    if (p == end || *p != '.') {
        return p;
    }
    const char *start = ++p;
    int weight = 100;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        f->ms += weight * (*p - '0');
        weight /= 10;
    }
    return p > start ? p : NULL;
}

/* "Z", "+01:00" or nothing, and then the end. */
static bool parse_offset(const char *p, const char *end, struct fields *f)
{
    if (p == end) {
        return true;
    }
    if (*p == 'Z' || *p == 'z') {
        return p + 1 == end;
    }
    int hours, minutes;
    if (end - p != 6 || (*p != '+' && *p != '-') || !digits_to_int(p + 1, 2, &hours) ||
        p[3] != ':' || !digits_to_int(p + 4, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    f->offset_minutes = (*p == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

static bool in_range(const struct fields *f)
{
    return f->month >= 1 && f->month <= 12 && f->day >= 1 &&
           f->day <= days_in_month(f->year, f->month) && f->hour <= 23 && f->minute <= 59 &&
           f->second <= 60;
}

/* Leap seconds end a day in UTC, wherever the clock that wrote them stands. */
static bool fold_leap_second(int64_t *seconds, struct fields *f)
{
    if (f->second < 60) {
        return true;
    }
    *seconds -= 1;
    f->ms = MS_PER_SECOND - 1;
    int64_t of_day = *seconds % SECONDS_PER_DAY;
    return (of_day + SECONDS_PER_DAY) % SECONDS_PER_DAY == SECONDS_PER_DAY - 1;
}

bool timestamp_parse(struct span text, int64_t *ms)
{
    struct fields f = {0};
    if (text.len < 19 || !parse_date_time(text.p, &f)) {
        return false;
    }
    const char *end = text.p + text.len;
    const char *p = parse_fraction(text.p + 19, end, &f);
    if (!p || !parse_offset(p, end, &f) || !in_range(&f)) {
        return false;
    }
    int64_t minutes = f.hour * 60 + f.minute - f.offset_minutes;
    int64_t seconds = days_from_date(f.year, f.month, f.day) * SECONDS_PER_DAY +
                      minutes * SECONDS_PER_MINUTE + f.second;
    if (!fold_leap_second(&seconds, &f)) {
        return false;
    }
    int64_t value = seconds * MS_PER_SECOND + f.ms;
    if (value < TIMESTAMP_MIN_MS || value > TIMESTAMP_MAX_MS) {
        return false;
    }
    *ms = value;
    return true;
}

/* Two digits at a time: most records carry two times, and a division costs more than a look. */
static const char pairs[] = "00010203040506070809"
                            "10111213141516171819"
                            "20212223242526272829"
                            "30313233343536373839"
                            "40414243444546474849"
                            "50515253545556575859"
                            "60616263646566676869"
                            "70717273747576777879"
                            "80818283848586878889"
                            "90919293949596979899";

static void put_pair(char *out, unsigned value)
{
    memcpy(out, pairs + 2 * (size_t)value, 2);
}

size_t timestamp_format(int64_t ms, char out[TIMESTAMP_TEXT_MAX])
{
    static const char shape[] = "0000-00-00T00:00:00.000Z";
    ms = ms < TIMESTAMP_MIN_MS ? TIMESTAMP_MIN_MS : ms;
    ms = ms > TIMESTAMP_MAX_MS ? TIMESTAMP_MAX_MS : ms;
    const int64_t ms_per_day = (int64_t)SECONDS_PER_DAY * MS_PER_SECOND;
    int64_t days = (ms - TIMESTAMP_MIN_MS) / ms_per_day + TIMESTAMP_MIN_MS / ms_per_day;
    unsigned of_day = (unsigned)(ms - days * ms_per_day);
    unsigned minutes = of_day / 60000, ms_of_minute = of_day % 60000;
    struct fields f;
    date_from_days(days, &f);
    memcpy(out, shape, sizeof shape);
    put_pair(out, (unsigned)f.year / 100);
    put_pair(out + 2, (unsigned)f.year % 100);
    put_pair(out + 5, (unsigned)f.month);
    put_pair(out + 8, (unsigned)f.day);
    put_pair(out + 11, minutes / 60);
    put_pair(out + 14, minutes % 60);
    put_pair(out + 17, ms_of_minute / MS_PER_SECOND);
    put_pair(out + 20, ms_of_minute % MS_PER_SECOND / 10);
    out[22] = (char)('0' + ms_of_minute % 10);
    return sizeof shape - 1;
}
