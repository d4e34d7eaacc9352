/* What jansson makes of a document, as text; apart, since its names clash with common/base/json.h.
 */
#ifndef WEIR_TESTS_UNIT_BASE_JANSSON_ORACLE_H
#define WEIR_TESTS_UNIT_BASE_JANSSON_ORACLE_H

#include "common/base/buf.h"

enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_REFUSED,
    VERDICT_EXCUSED, /* refused for a reason that is deliberately none here */
};

/* Appends " {" " }" " [" " ]" " kKEY" " sTEXT" " #iINTEGER" " #rREAL" " t" " f" " n". */
enum verdict jansson_oracle(struct span json, struct buf *out);

#endif
