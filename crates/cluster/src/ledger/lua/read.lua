-- read: the counters as they are.
--
-- KEYS[1] counters   hash: epoch, and granted, limit and drawn of both kinds
--
-- RETURNS missing    the item is not there
-- RETURNS levels     as they are now: epoch, granted, limit and drawn of units, the same of places

local row = redis.call('HMGET', KEYS[1], 'epoch', 'units.granted', 'units.limit', 'units.drawn',
  'places.granted', 'places.limit', 'places.drawn')
for i = 1, 7 do
  row[i] = tonumber(row[i] or nil)
  if not row[i] then return {'missing'} end
end
return {'levels', unpack(row)}
