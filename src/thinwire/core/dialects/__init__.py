# Dialects: how one family of APIs wants a request shaped. One file each.
