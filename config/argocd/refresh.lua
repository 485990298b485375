-- Asks the operator for a look at Juju now; on a controller object, for one more try of a login that was refused.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["jujusecrets.io/reconcile-requested-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
