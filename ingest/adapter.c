/* Adapters: what each ingest route takes and answers, as rows over one way to Kafka. */
#include "ingest/adapter.h"

const struct adapter *const adapters[] = {
    &adapter_ingest, &adapter_readings, &adapter_telemetry,
    &adapter_status, &adapter_write,    &adapter_write_1,
};

const unsigned adapter_count = sizeof adapters / sizeof adapters[0];
