-- Requests a reconcile now. On a controller object, this also retries a refused
-- login.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["jujusecrets.io/reconcile-requested-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
