-- take: one token of a bucket whose only state is the instant at which it will be full again.
--
-- KEYS[1] bucket       that instant, Unix microseconds of this server's clock; gone when it is past
--
-- ARGV[1] burst        tokens of a full bucket
-- ARGV[2] per_period   tokens that come back in a period
-- ARGV[3] period_ms
--
-- RETURNS yes          tokens left
-- RETURNS no           milliseconds until the next one
--
-- The arithmetic is that of `sale::bucket::take`, line by line. Whole numbers below 2^53 are exact here.
-- Repeat: every run takes a token; a refusal takes none.

local function div(a, b) return (a - a % b) / b end

local time = redis.call('TIME')
local now = (tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)) * 1000
local step = div(tonumber(ARGV[3]) * 1000, math.max(1, tonumber(ARGV[2])))
local depth = step * math.max(1, tonumber(ARGV[1]))

local stored = tonumber(redis.call('GET', KEYS[1]) or 0)
-- No bucket is ever further from full than its depth: the clock may have stepped back.
local full_at = math.min(stored, now + depth)
local after = math.max(full_at, now) + step
local spare = depth - (after - now)

local function keep(instant)
  redis.call('SET', KEYS[1], string.format('%.0f', instant), 'PX', div(instant - now + 999, 1000))
end

if spare < 0 then
  if full_at ~= stored then keep(full_at) end
  return {'no', div(999 - spare, 1000)}
end
keep(after)
return {'yes', div(spare, step)}
