/* Lines with more sensors than a reading holds: which of several readings has which field. */
#include "ingest/line_parser.h"

/* By the hash of its name, so that the same fields in another order are the same readings. What is
 * no sensor of the line's own goes with the first; seq tells all of them from those of other lines.
 */
bool line_part_has_field(struct line_parser *p)
{
    const struct reading_member *m = &p->d.member;
    if (m->field != FIELD_EXTRA)
        return p->part == 0 || m->field == FIELD_SEQ;
    const unsigned slot = p->name_hash % LINE_PARTS_MAX;
    p->numbers[slot] += m->type == JSON_TOKEN_NUMBER;
    return (slot & (p->parts - 1)) == p->part;
}

/* Whether each of so many parts has a sensor, and none too many. */
static bool fits(const struct line_parser *p, unsigned parts)
{
    for (unsigned part = 0; part < parts; part++) {
        uint32_t numbers = 0;
        for (unsigned slot = part; slot < LINE_PARTS_MAX; slot += parts)
            numbers += p->numbers[slot];
        if (numbers == 0 || numbers > READING_EXTRA_MAX)
            return false;
    }
    return true;
}

static bool is_too_wide(const struct reading_problems *list)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->item[i].code == PROBLEM_TOO_MANY_SENSORS)
            return true;
    return false;
}

unsigned line_parts_needed(const struct line_parser *p)
{
    if (!is_too_wide(p->d.problems))
        return 0;
    for (unsigned parts = 2; parts <= LINE_PARTS_MAX; parts *= 2)
        if (fits(p, parts))
            return parts;
    return 0;
}
