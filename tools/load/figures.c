/* Numbers for people. */
#include "tools/load/figures.h"

void figures_time(struct buf *out, uint64_t ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    double value = (double)ns;
    int unit = value < 999.5e3 ? 0 : value < 999.5e6 ? 1 : 2;
    value /= units[unit].ns;
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    buf_printf(out, "%.*f %s", decimals, value, units[unit].name);
}
