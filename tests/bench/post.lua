-- wrk script: readings, each with a device, a time and values of its own.
-- usage: wrk -s post.lua URL -- [PATH] [READINGS in a body] [requests PIPELINED]
local COUNT = 500 -- requests made before the burst, so that making them costs the burst nothing
local ready, next_one = {}, 0

local function reading(n)
    return string.format(
        '{"device_id":"bench-0-%d","ts":%d%03d,"temperature_c":%.2f,"humidity":%.1f,"seq":%d}',
        n % 500, started, n % 1000, 20 + n % 100 / 10, 40 + n % 50 / 10, 100000 + n)
end

local function request_of(n, path, readings)
    local lines = {}
    for i = 1, readings do
        lines[i] = reading(n * readings + i)
    end
    local kind = readings > 1 and "application/x-ndjson" or "application/json"
    return wrk.format("POST", path, {["Content-Type"] = kind}, table.concat(lines, "\n"))
end

function init(args)
    local path, readings = args[1] or "/ingest", tonumber(args[2] or 1)
    local pipelined = tonumber(args[3] or 1)
    started = os.time()
    for n = 1, COUNT do
        local together = {}
        for i = 1, pipelined do
            together[i] = request_of(n * pipelined + i, path, readings)
        end
        ready[n] = table.concat(together)
    end
end

function request()
    next_one = next_one % COUNT + 1
    return ready[next_one]
end
