-- rebuild: makes the item exist at this epoch.
--
-- KEYS[1] counters        hash: epoch, and granted, limit and drawn of both kinds
-- KEYS[2] grants          hash: claim id to 'epoch kind first quantity'
--
-- ARGV[1] keep_ms         how long the keys live after their last use
-- ARGV[2] epoch           the journal's
-- ARGV[3] units_granted   what the journal ratified
-- ARGV[4] units_limit
-- ARGV[5] units_drawn
-- ARGV[6] places_granted
-- ARGV[7] places_limit
-- ARGV[8] places_drawn
--
-- RETURNS other_epoch     the ledger's epoch, which is later; nothing was done
-- RETURNS levels          as they are now: epoch, granted, limit and drawn of units, the same of places
--
-- Repeat: at the same epoch it is a maximum of all, so it may come twice.

local row = redis.call('HMGET', KEYS[1], 'epoch', 'units.granted', 'units.limit', 'units.drawn',
  'places.granted', 'places.limit', 'places.drawn')
local whole = true
for i = 1, 7 do
  row[i] = tonumber(row[i] or nil)
  whole = whole and row[i] ~= nil
end
local sent = {tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]),
  tonumber(ARGV[7]), tonumber(ARGV[8])}
if whole and row[1] > sent[1] then return {'other_epoch', row[1]} end

-- Numbers of an older epoch that the journal never ratified are void; counting goes on where the journal stands.
local afresh = not whole or row[1] < sent[1]
if whole then
  for _, i in ipairs({3, 4, 6, 7}) do sent[i] = math.max(sent[i], row[i]) end
end
if not afresh then
  for _, i in ipairs({2, 5}) do sent[i] = math.max(sent[i], row[i]) end
end

if afresh then redis.call('UNLINK', KEYS[2]) end
redis.call('HSET', KEYS[1], 'units.granted', sent[2], 'units.limit', sent[3], 'units.drawn', sent[4],
  'places.granted', sent[5], 'places.limit', sent[6], 'places.drawn', sent[7], 'epoch', sent[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return {'levels', unpack(sent)}
