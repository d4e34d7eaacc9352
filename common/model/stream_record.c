/* What tells one record of the log from another. */
#include "common/base/hash.h"
#include "common/model/stream_port.h"

uint64_t stream_record_hash(struct span key, struct span value, int64_t timestamp_ms)
{
    uint64_t hash = hash_table(value, hash_table(key, (uint64_t)timestamp_ms)) >> 1;
    return hash ? hash : 1;
}
