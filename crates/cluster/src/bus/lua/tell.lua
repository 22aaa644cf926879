-- tell: numbers a frame and publishes it.
--
-- KEYS[1] number    the channel's last number
--
-- ARGV[1] channel   in the slot of the key
-- ARGV[2] frame     a JSON array of messages
-- ARGV[3] lost      how many frames before this one never came here: so many numbers are left out, and that is heard
--
-- RETURNS told      the frame's number
--
-- Numbers begin at the clock's microseconds: after a loss of the key they go on far above the old ones, which is heard too.
-- Repeat: a frame told twice has two numbers; listeners bear that.

if redis.call('EXISTS', KEYS[1]) == 0 then
  local time = redis.call('TIME')
  redis.call('SET', KEYS[1], string.format('%.0f', tonumber(time[1]) * 1000000 + tonumber(time[2])))
end
local number = redis.call('INCRBY', KEYS[1], 1 + tonumber(ARGV[3]))
redis.call('SPUBLISH', ARGV[1], string.format('%.0f %s', number, ARGV[2]))
return {'told', number}
