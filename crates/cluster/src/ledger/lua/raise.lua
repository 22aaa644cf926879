-- raise: lifts limit and drawn of both kinds to at least these.
--
-- KEYS[1] counters      hash: epoch, and granted, limit and drawn of both kinds
-- KEYS[2] grants        hash: claim id to 'epoch kind first quantity'; kept alive, not read
--
-- ARGV[1] keep_ms       how long the keys live after their last use
-- ARGV[2] epoch         the caller's
-- ARGV[3] units_limit
-- ARGV[4] units_drawn
-- ARGV[5] places_limit
-- ARGV[6] places_drawn
--
-- RETURNS missing       the item is not there; nothing was done
-- RETURNS other_epoch   the ledger's epoch; nothing was done
-- RETURNS levels        as they are now: epoch, granted, limit and drawn of units, the same of places
--
-- Repeat: each is a maximum, so it may come twice and in any order.

local row = redis.call('HMGET', KEYS[1], 'epoch', 'units.granted', 'units.limit', 'units.drawn',
  'places.granted', 'places.limit', 'places.drawn')
for i = 1, 7 do
  row[i] = tonumber(row[i] or nil)
  if not row[i] then return {'missing'} end
end
if row[1] ~= tonumber(ARGV[2]) then return {'other_epoch', row[1]} end
row[3] = math.max(row[3], tonumber(ARGV[3]))
row[4] = math.max(row[4], tonumber(ARGV[4]))
row[6] = math.max(row[6], tonumber(ARGV[5]))
row[7] = math.max(row[7], tonumber(ARGV[6]))

redis.call('HSET', KEYS[1], 'units.limit', row[3], 'units.drawn', row[4], 'places.limit', row[6], 'places.drawn', row[7])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return {'levels', unpack(row)}
