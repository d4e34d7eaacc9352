/* A family of series in the text formats that Prometheus reads. */
#ifndef WEIR_OBS_METRIC_TEXT_H
#define WEIR_OBS_METRIC_TEXT_H

#include "common/obs/metric.h"

/* HELP, TYPE and the samples, sorted by labels. Nothing when a family with labels has no series. */
void metric_text(struct metric *f, bool openmetrics, struct buf *out);

#endif
