/* The OpenAPI document and the routes there are name the same. */
#include "ingest/openapi.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/app/health.h"
#include "ingest/adapter.h"
#include "ingest/pages.h"
#include "tests/unit/unit.h"

static json_t *document(void)
{
    json_error_t error;
    struct span text = openapi_document();
    json_t *doc = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(doc != NULL, "%d:%d: %s", error.line, error.column, error.text);
    return doc;
}

/* {"POST /ingest": true, ...} */
static void note_route(json_t *routes, enum http_method method, const char *path)
{
    char text[128];
    snprintf(text, sizeof text, "%s %s", http_method_name(method), path);
    json_object_set_new(routes, text, json_true());
}

static json_t *real_routes(void)
{
    json_t *routes = json_object();
    struct http_route health[HEALTH_ROUTES];
    health_routes(NULL, health);
    for (unsigned i = 0; i < adapter_count; i++)
        note_route(routes, adapters[i]->method, adapters[i]->path);
    for (unsigned i = 0; i < page_count; i++)
        note_route(routes, pages[i]->method, pages[i]->path);
    for (unsigned i = 0; i < HEALTH_ROUTES; i++)
        note_route(routes, health[i].method, health[i].path);
    return routes;
}

static json_t *documented_routes(json_t *doc)
{
    json_t *routes = json_object(), *item, *operation;
    const char *path, *method;
    json_object_foreach(json_object_get(doc, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            char text[128];
            int len = snprintf(text, sizeof text, "%s %s", method, path);
            for (int i = 0; i < len && text[i] != ' '; i++)
                text[i] = (char)toupper(text[i]);
            json_object_set_new(routes, text, json_true());
        }
    }
    return routes;
}

static void must_have(json_t *routes, json_t *wanted, const char *what)
{
    const char *name;
    json_t *value;
    json_object_foreach(wanted, name, value)
        ck_assert_msg(json_object_get(routes, name) != NULL, "%s: %s", name, what);
}

START_TEST(every_route_is_documented_and_every_documented_one_is_there)
{
    json_t *doc = document(), *real = real_routes(), *documented = documented_routes(doc);
    ck_assert_uint_gt(json_object_size(real), 0);
    must_have(documented, real, "not in openapi.json");
    must_have(real, documented, "no such route");
    json_decref(real);
    json_decref(documented);
    json_decref(doc);
}
END_TEST

START_TEST(routes_answer_with_their_status)
{
    json_t *doc = document();
    for (unsigned i = 0; i < adapter_count; i++) {
        char status[8];
        snprintf(status, sizeof status, "%d", adapters[i]->status);
        json_t *path = json_object_get(json_object_get(doc, "paths"), adapters[i]->path);
        json_t *answers = json_object_get(json_object_get(path, "post"), "responses");
        ck_assert_msg(json_object_get(answers, status) != NULL, "%s: %s", adapters[i]->path,
                      status);
    }
    json_decref(doc);
}
END_TEST

/* "#/components/schemas/Reading" */
static void must_resolve(json_t *doc, const char *ref)
{
    char name[128];
    json_t *at = doc;
    ck_assert_msg(strncmp(ref, "#/", 2) == 0 && strlen(ref) < sizeof name, "%s", ref);
    snprintf(name, sizeof name, "%s", ref + 2);
    for (char *rest = NULL, *part = strtok_r(name, "/", &rest); part;
         part = strtok_r(NULL, "/", &rest))
        at = json_object_get(at, part);
    ck_assert_msg(at != NULL, "%s leads nowhere", ref);
}

static void check_references(json_t *doc, json_t *value)
{
    const char *name;
    json_t *item;
    size_t i;
    json_t *ref = json_object_get(value, "$ref");
    if (json_is_string(ref))
        must_resolve(doc, json_string_value(ref));
    json_object_foreach(value, name, item) check_references(doc, item);
    json_array_foreach(value, i, item) check_references(doc, item);
}

START_TEST(references_lead_somewhere)
{
    json_t *doc = document();
    ck_assert_str_eq(json_string_value(json_object_get(doc, "openapi")), "3.1.1");
    check_references(doc, doc);
    json_decref(doc);
}
END_TEST

UNIT_CASE(openapi)
{
    tcase_add_test(tc, every_route_is_documented_and_every_documented_one_is_there);
    tcase_add_test(tc, routes_answer_with_their_status);
    tcase_add_test(tc, references_lead_somewhere);
}
