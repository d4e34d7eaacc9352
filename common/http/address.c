/* HOST:PORT as people write it in settings. */
#include "common/http/address.h"

#include "common/base/num.h"

bool address_split(const char *text, struct span *host, struct span *port)
{
    struct span all = span_str(text), name = {0};
    const char *colon = all.len ? memrchr(all.p, ':', all.len) : NULL;
    int64_t number;
    *port = all;
    if (colon) {
        name = span_of(all.p, (size_t)(colon - all.p));
        *port = span_of(colon + 1, all.len - name.len - 1);
    }
    if (name.len >= 2 && name.p[0] == '[' && name.p[name.len - 1] == ']')
        name = span_of(name.p + 1, name.len - 2);
    *host = name;
    return num_parse_i64(*port, 0, 65535, &number);
}
