-- tell: one door's count in the place of its last; what other doors told too long ago is forgotten.
--
-- KEYS[1] doors     hash: door to 'until count', an instant in milliseconds of this server's clock and the JSON of ARGV[3]
--
-- ARGV[1] door
-- ARGV[2] keep_ms   how long the count is good
-- ARGV[3] count     {"sockets": n, "watching": {"sale": n, ...}}
--
-- RETURNS told
--
-- Repeat: the last one stands.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local keep = tonumber(ARGV[2])

local doors = redis.call('HGETALL', KEYS[1])
for i = 1, #doors, 2 do
  if tonumber(string.match(doors[i + 1], '^%d+')) <= now then redis.call('HDEL', KEYS[1], doors[i]) end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now + keep, ARGV[3]))
if redis.call('PTTL', KEYS[1]) < keep then redis.call('PEXPIRE', KEYS[1], keep) end
return {'told'}
