-- wrk script: single readings, each with a device, a time and values of its own.
local counter = 0
local thread_id = 0

function setup(thread)
    thread:set("thread_id", thread_id)
    thread_id = thread_id + 1
end

function init()
    math.randomseed(thread_id + 1)
    started = os.time()
end

function request()
    counter = counter + 1
    local body = string.format(
        '{"device_id":"bench-%d-%d","ts":%d%03d,"temperature_c":%.2f,"humidity":%.1f,"seq":%d}',
        thread_id, counter % 500, started, counter % 1000, 20 + counter % 100 / 10, 40 + counter % 50 / 10, counter)
    return wrk.format("POST", "/ingest", {["Content-Type"] = "application/json"}, body)
end
