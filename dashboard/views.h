/* Documents of the store as the JSON that the API's users get. Pure. */
#ifndef WEIR_DASHBOARD_VIEWS_H
#define WEIR_DASHBOARD_VIEWS_H

#include <bson/bson.h>

#include "common/base/buf.h"

/* The whole document: ObjectIds as hex, dates as RFC 3339, what is not finite or not UTF-8 as
 * null. Without the fields named in `hidden` (NULL-terminated), at the top level. */
void view_document(struct buf *out, const bson_t *doc, const char *const *hidden);

void view_reading(struct buf *out, const bson_t *doc); /* of telemetry_raw */
void view_window(struct buf *out, const bson_t *doc);  /* of aggregated_data */
void view_alert(struct buf *out, const bson_t *doc);   /* of alerts */

/* Of a document in `devices`: */
void view_device_id(struct buf *out, const bson_t *doc); /* "dev-1" */
/* {"device_id","timestamp","battery_level","rssi","online","id","created_at"} */
void view_status(struct buf *out, const bson_t *doc);
/* {"device_id","timestamp","last_update","battery_level","rssi","online"} */
void view_summary(struct buf *out, const bson_t *doc);
/* {"device_id","battery_level","last_update"} */
void view_risk(struct buf *out, const bson_t *doc);
bool view_is_online(const bson_t *doc);

/* Of a document in telemetry_raw, in the form of view_status. */
void view_past_status(struct buf *out, const bson_t *doc);

#endif
