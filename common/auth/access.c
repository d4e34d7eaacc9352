/* Whether a request may do what it asks for. */
#include "common/auth/access.h"

#include "common/auth/credential.h"

static enum access unknown(struct span text)
{
    bool ours = text.len >= 3 && memcmp(text.p, "wk_", 3) == 0;
    return ours && !api_key_well_formed(text) ? ACCESS_MALFORMED : ACCESS_UNKNOWN;
}

static enum access judge(const struct key_record *k, enum scope need, int64_t now_ms)
{
    switch (key_record_state(k, now_ms)) {
    case KEY_PENDING:
        return ACCESS_PENDING;
    case KEY_EXPIRED:
        return ACCESS_EXPIRED;
    case KEY_REVOKED:
        return ACCESS_REVOKED;
    default:
        return k->scopes & need ? ACCESS_GRANTED : ACCESS_NO_SCOPE;
    }
}

enum access access_check(const struct key_table *keys, const struct http_head *head,
                         enum scope need, int64_t now_ms, const struct key_record **key)
{
    *key = NULL;
    if (!keys)
        return ACCESS_GRANTED;
    struct span text = {0};
    switch (credential_find(head, &text)) {
    case CREDENTIAL_NONE:
        return ACCESS_NO_KEY;
    case CREDENTIAL_SEVERAL:
        return ACCESS_TWO_KEYS;
    default:
        *key = key_table_find(keys, text);
        return *key ? judge(*key, need, now_ms) : unknown(text);
    }
}

static const char not_known[] = "The key is not known";

const struct access_answer *access_answer(enum access access)
{
    static const struct access_answer answers[ACCESSES] = {
        [ACCESS_GRANTED] = {200, NULL, NULL, "granted"},
        [ACCESS_NO_KEY] = {401, "key_missing",
                           "A key is needed: X-API-Key: KEY or Authorization: Bearer KEY",
                           "missing"},
        [ACCESS_TWO_KEYS] = {400, "two_keys", "The request brings two different keys", "two_keys"},
        [ACCESS_MALFORMED] = {401, "key_unknown", not_known, "malformed"},
        [ACCESS_UNKNOWN] = {401, "key_unknown", not_known, "unknown"},
        [ACCESS_PENDING] = {401, "key_pending", "The key is not valid yet", "pending"},
        [ACCESS_EXPIRED] = {401, "key_expired", "The key has expired", "expired"},
        [ACCESS_REVOKED] = {401, "key_revoked", "The key has been revoked", "revoked"},
        [ACCESS_NO_SCOPE] = {403, "scope_missing", NULL, "scope"},
    };
    return &answers[access];
}
