/* The account of one partition of the log: whether it adds up. */
#include "common/model/ledger.h"

int64_t ledger_unaccounted(const struct ledger *l)
{
    return l->next_offset - l->first - (int64_t)(l->stored + l->duplicate + l->dead + l->gap);
}
