-- Replaces digits in content by as many others, the way a gateway could: the length stays.

local Change = {}
Change.id = "changes content"
Change.flags = filter.FLT_CFG_FL_HTX
Change.__index = Change

function Change:new()
  return setmetatable({ responses = self.responses }, Change)
end

function Change:start_analyze(txn, channel)
  if channel:is_resp() == self.responses then
    filter.register_data_filter(self, channel)
  end
end

function Change:http_payload(txn, message)
  local content = message:body()
  if content ~= nil and content ~= "" then
    message:set((content:gsub("1", "9")))
  end
end

core.register_filter("change-body", Change, function(change, args)
  change.responses = args[1] == "response"
  return change
end)
