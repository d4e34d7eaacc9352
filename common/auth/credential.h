/* The key that a request brings: X-API-Key: K, Authorization: Bearer K, Authorization: Token K. */
#ifndef WEIR_AUTH_CREDENTIAL_H
#define WEIR_AUTH_CREDENTIAL_H

#include "common/http/request.h"

enum credential_count { CREDENTIAL_NONE, CREDENTIAL_ONE, CREDENTIAL_SEVERAL };

/* The same key may stand in several fields; two different ones are CREDENTIAL_SEVERAL, because
 * which one counts would be a guess. A scheme that is not known (Basic) is a credential too: an
 * empty key, which nobody has. */
enum credential_count credential_find(const struct http_head *head, struct span *key);

#endif
