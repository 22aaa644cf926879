-- take: grants each ask units, else places, else nothing, in order.
--
-- KEYS[1] counters   hash: epoch, and granted, limit and drawn of both kinds
-- KEYS[2] grants     hash: claim id to 'epoch kind first quantity'
--
-- ARGV[1] keep_ms    how long the keys live after their last use
-- ARGV[2] asks...    a claim id and a quantity; again for every ask
--
-- RETURNS missing    the item is not there; nothing was done
-- RETURNS taken      the epoch; then kind ('units', 'places', 'nothing'), first and quantity of every ask
--
-- Repeat: a claim id that was granted in this epoch gets the same numbers again and takes nothing.

local row = redis.call('HMGET', KEYS[1], 'epoch', 'units.granted', 'units.limit', 'units.drawn',
  'places.granted', 'places.limit', 'places.drawn')
for i = 1, 7 do
  row[i] = tonumber(row[i] or nil)
  if not row[i] then return {'missing'} end
end
local epoch = row[1]
local granted = {units = row[2], places = row[5]}
local most = {units = row[3] - row[4], places = row[6] - row[7]}

local function draw(kind, quantity)
  if quantity == 0 or granted[kind] + quantity > most[kind] then return nil end
  local first = granted[kind] + 1
  granted[kind] = granted[kind] + quantity
  return {kind, first, quantity}
end

local claims = {}
for i = 2, #ARGV, 2 do claims[#claims + 1] = ARGV[i] end
local texts = #claims > 0 and redis.call('HMGET', KEYS[2], unpack(claims)) or {}

local function remembered(text)
  if not text then return nil end
  local of_epoch, kind, first, quantity = string.match(text, '^(%d+) (%a+) (%d+) (%d+)$')
  if tonumber(of_epoch) ~= epoch then return nil end
  return {kind, tonumber(first), tonumber(quantity)}
end

local reply = {'taken', epoch}
local seen, new = {}, {}
for i = 2, #ARGV, 2 do
  local claim, quantity = ARGV[i], tonumber(ARGV[i + 1])
  local grant = seen[claim] or remembered(texts[i / 2])
  if not grant then
    grant = draw('units', quantity) or draw('places', quantity)
    if grant then new[#new + 1] = claim end
  end
  if grant then seen[claim] = grant end
  grant = grant or {'nothing', 0, 0}
  for n = 1, 3 do reply[#reply + 1] = grant[n] end
end

-- Everything is read and decided: only now it writes.
local texts_of_new = {}
for _, claim in ipairs(new) do
  local grant = seen[claim]
  texts_of_new[#texts_of_new + 1] = claim
  texts_of_new[#texts_of_new + 1] = string.format('%d %s %d %d', epoch, grant[1], grant[2], grant[3])
end
if #new > 0 then
  redis.call('HSET', KEYS[2], unpack(texts_of_new))
  redis.call('HSET', KEYS[1], 'units.granted', granted.units, 'places.granted', granted.places)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return reply
