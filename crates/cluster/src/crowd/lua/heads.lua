-- heads: the sum of what the doors told of late.
--
-- KEYS[1] doors     hash: door to 'until count', an instant in milliseconds of this server's clock and the JSON that it told
--
-- ARGV[1] sale
--
-- RETURNS heads     sockets of all doors, and of them those that watch the sale
-- RETURNS unknown   no door has told of late
--
-- Repeat: changes nothing.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local doors, sockets, watching = 0, 0, 0
for _, told in ipairs(redis.call('HVALS', KEYS[1])) do
  local good_until, count = string.match(told, '^(%d+) (.*)$')
  if tonumber(good_until) > now then
    count = cjson.decode(count)
    doors = doors + 1
    sockets = sockets + count.sockets
    watching = watching + (count.watching[ARGV[1]] or 0)
  end
end
if doors == 0 then return {'unknown'} end
return {'heads', sockets, watching}
