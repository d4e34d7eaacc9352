/* Who may send what: the key of a request, and the devices that it is for. */
#include "ingest/admission.h"

#include "ingest/front.h"

bool admission_check(struct front *f, struct http_exchange *ex, struct admission *out)
{
    return guard_admit(&f->guard, ex, SCOPE_INGEST, &out->key);
}

bool admission_device(const struct admission *a, struct span device_id)
{
    return key_record_allows(a->key, device_id);
}

void admission_count_forbidden(struct front *f)
{
    guard_count_forbidden(&f->guard);
}
