-- The actions that Argo CD offers for an object of the operator. While it is suspended nobody looks, whoever asks.
return {refresh = {disabled = obj.spec.suspend == true, iconClass = "fa fa-fw fa-sync", displayName = "Look at Juju now"}}
