-- Returns the actions of an object of the operator. The action is disabled while
-- the object is suspended, because the operator does not check Juju then.
return {
  refresh = {
    disabled = obj.spec.suspend == true,
    iconClass = "fa fa-fw fa-sync",
    displayName = "Look at Juju now",
  },
}
