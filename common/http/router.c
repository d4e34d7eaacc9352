/* Routes grouped by path: plain paths in a hash table, templates in order of how exact they are. */
#include "common/http/router.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/xmalloc.h"

enum { METHODS = HTTP_OTHER };

/* All routes of one path. */
struct endpoint {
    struct span path; /* borrowed from the first of its rows */
    const struct http_route *by_method[METHODS];
    const struct http_route *first;
    char allow[sizeof((struct http_match *)0)->allow];
};

struct http_router {
    struct endpoint *endpoint; /* in the order of their first rows */
    size_t endpoints;
    struct endpoint **template; /* those with {x}, more literal ones first */
    size_t templates;
    struct endpoint **slot; /* those without, open addressing */
    size_t mask;
    char allow[sizeof((struct http_match *)0)->allow]; /* of all paths, for "OPTIONS *" */
};

static bool is_template(struct span path)
{
    return memchr(path.p, '{', path.len) != NULL;
}

/* Cuts the segment behind the leading '/' off; false at the end of the path. */
static bool next_segment(struct span *path, struct span *segment)
{
    if (path->len == 0)
        return false;
    const char *from = path->p + 1;
    const char *slash = memchr(from, '/', path->len - 1);
    size_t n = slash ? (size_t)(slash - from) : path->len - 1;
    *segment = span_of(from, n);
    *path = span_of(from + n, path->len - 1 - n);
    return true;
}

static bool is_param(struct span segment)
{
    return segment.len > 0 && segment.p[0] == '{';
}

/* Rises with every literal segment, the leftmost counting most. */
static unsigned exactness(struct span path)
{
    struct span segment;
    unsigned bits = 0, at = 31;
    while (at > 0 && next_segment(&path, &segment))
        bits |= (is_param(segment) ? 0u : 1u) << at--;
    return bits;
}

static bool template_matches(struct span template, struct span path, struct http_match *out)
{
    struct span wanted, given;
    out->params = 0;
    while (next_segment(&template, &wanted)) {
        if (!next_segment(&path, &given))
            return false;
        if (!is_param(wanted)) {
            if (!span_eq(wanted, given))
                return false;
            continue;
        }
        if (given.len == 0 || out->params == HTTP_PARAMS_MAX)
            return false;
        out->param[out->params++] = given;
    }
    return path.len == 0;
}

static void write_allow(char *out, size_t size, const bool allowed[METHODS])
{
    struct span separator = {0};
    size_t n = 0;
    for (int m = 0; m < METHODS; m++) {
        struct span name = span_str(http_method_name((enum http_method)m));
        if (!allowed[m] || n + separator.len + name.len >= size)
            continue;
        if (separator.len)
            memcpy(out + n, separator.p, separator.len);
        memcpy(out + n + separator.len, name.p, name.len);
        n += separator.len + name.len;
        separator = span_str(", ");
    }
    out[n] = '\0';
}

static struct endpoint *endpoint_for(struct http_router *r, const struct http_route *route)
{
    struct span path = span_str(route->path);
    for (size_t i = 0; i < r->endpoints; i++)
        if (span_eq(r->endpoint[i].path, path))
            return &r->endpoint[i];
    struct endpoint *e = &r->endpoint[r->endpoints++];
    *e = (struct endpoint){.path = path, .first = route};
    return e;
}

static void add_slot(struct http_router *r, struct endpoint *e)
{
    size_t at = (size_t)hash_table(e->path, 0) & r->mask;
    while (r->slot[at])
        at = (at + 1) & r->mask;
    r->slot[at] = e;
}

/* Insertion sort: stable, and there are few. */
static void add_template(struct http_router *r, struct endpoint *e)
{
    size_t at = r->templates++;
    for (; at > 0 && exactness(r->template[at - 1] -> path) < exactness(e->path); at--)
        r->template[at] = r->template[at - 1];
    r->template[at] = e;
}

static void index_endpoints(struct http_router *r)
{
    bool all[METHODS] = {[HTTP_OPTIONS] = true};
    for (size_t i = 0; i < r->endpoints; i++) {
        struct endpoint *e = &r->endpoint[i];
        bool allowed[METHODS] = {[HTTP_OPTIONS] = true};
        if (!e->by_method[HTTP_HEAD])
            e->by_method[HTTP_HEAD] = e->by_method[HTTP_GET];
        for (int m = 0; m < METHODS; m++) {
            allowed[m] |= e->by_method[m] != NULL;
            all[m] |= allowed[m];
        }
        write_allow(e->allow, sizeof e->allow, allowed);
        if (is_template(e->path))
            add_template(r, e);
        else
            add_slot(r, e);
    }
    write_allow(r->allow, sizeof r->allow, all);
}

struct http_router *http_router_new(const struct http_route *routes, size_t count)
{
    struct http_router *r = xcalloc(1, sizeof *r);
    size_t slots = 8;
    while (slots < count * 4)
        slots *= 2;
    r->endpoint = xcalloc(count, sizeof *r->endpoint);
    r->template = xcalloc(count, sizeof(struct endpoint *));
    r->slot = xcalloc(slots, sizeof(struct endpoint *));
    r->mask = slots - 1;
    for (size_t i = 0; i < count; i++) {
        struct endpoint *e = endpoint_for(r, &routes[i]);
        if (routes[i].method < HTTP_OTHER && !e->by_method[routes[i].method])
            e->by_method[routes[i].method] = &routes[i];
    }
    index_endpoints(r);
    return r;
}

void http_router_free(struct http_router *r)
{
    if (!r)
        return;
    free(r->endpoint);
    free(r->template);
    free(r->slot);
    free(r);
}

static const struct endpoint *find_plain(const struct http_router *r, struct span path)
{
    size_t at = (size_t)hash_table(path, 0) & r->mask;
    for (; r->slot[at]; at = (at + 1) & r->mask)
        if (span_eq(r->slot[at]->path, path))
            return r->slot[at];
    return NULL;
}

static const struct endpoint *find_endpoint(const struct http_router *r, struct span path,
                                            struct http_match *out)
{
    const struct endpoint *e = find_plain(r, path);
    for (size_t i = 0; !e && i < r->templates; i++)
        if (template_matches(r->template[i] -> path, path, out))
            e = r->template[i];
    if (!e)
        out->params = 0;
    return e;
}

static enum http_error_style style_of(const struct http_route *route)
{
    return route->errors == HTTP_DETAIL_FAMILY ? HTTP_DETAIL : route->errors;
}

/* Of a path that no route has. */
static enum http_error_style style_of_family(const struct http_router *r, struct span path)
{
    struct span wanted, first;
    if (!next_segment(&path, &wanted))
        return HTTP_PROBLEM;
    for (size_t i = 0; i < r->endpoints; i++) {
        struct span rest = r->endpoint[i].path;
        if (r->endpoint[i].first->errors == HTTP_DETAIL_FAMILY && next_segment(&rest, &first) &&
            span_eq(first, wanted))
            return HTTP_DETAIL;
    }
    return HTTP_PROBLEM;
}

void http_router_find(const struct http_router *r, enum http_method method, struct span path,
                      struct http_match *out)
{
    out->route = NULL;
    out->path_known = false;
    out->allow[0] = '\0';
    out->params = 0;
    out->errors = HTTP_PROBLEM;
    if (span_is(path, "*")) {
        out->path_known = true;
        memcpy(out->allow, r->allow, sizeof out->allow);
        return;
    }
    const struct endpoint *e = find_endpoint(r, path, out);
    if (!e) {
        out->errors = style_of_family(r, path);
        return;
    }
    out->path_known = true;
    out->route = method < HTTP_OTHER ? e->by_method[method] : NULL;
    out->errors = style_of(out->route ? out->route : e->first);
    if (!out->route)
        memcpy(out->allow, e->allow, sizeof out->allow);
}
