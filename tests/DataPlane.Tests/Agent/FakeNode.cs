namespace Cloud.DataPlane.Tests.Agent;

/// <summary>
/// A stand-in for <c>cloud-node</c> that obeys its process contract (arguments, configuration file, status port, SIGTERM) and does what
/// a behaviour file beside it says. Needs only the system's Python.
/// </summary>
internal sealed class FakeNode
{
    public const string Version = "9.9.9";

    private const string Script = """
        #!/usr/bin/python3 -IS
        import json, os, signal, socket, sys, threading, time
        if sys.argv[1:] == ["--version"]:
            print("9.9.9"); sys.exit(0)
        role, instance, path = sys.argv[1], sys.argv[3], sys.argv[5]
        behaviour = os.path.join(os.path.dirname(os.path.realpath(__file__)), "behaviour")
        words = open(behaviour).read().split() if os.path.exists(behaviour) else []
        config = json.load(open(path))
        with open(os.path.join(config["dataDirectory"], "starts"), "a") as starts:
            starts.write(str(os.getpid()) + "\n")
        print("started", role, flush=True)
        if "crash" in words:
            print("the disk is on fire:", config["dataDirectory"], flush=True); sys.exit(3)
        if "port-conflict" in words:
            print("port is in use", flush=True); sys.exit(98)
        signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in words else lambda *_: os._exit(0))
        server = socket.create_server((config["bindAddress"], config["statusPort"]), backlog=64)
        began = time.time(); work = 0
        def answer(peer):
            global work
            line = (peer.recv(4096).decode().split(" ") + ["", ""])[1]
            words = open(behaviour).read().split() if os.path.exists(behaviour) else []
            status, body = "200 OK", "{}"
            if line.startswith("/readyz") and "unready" in words:
                status, body = "503 Service Unavailable", "storage is not ready"
            elif line.startswith("/work/"):
                work += int(line[6:])
            elif line.startswith("/usage"):
                started = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)) + ".%03dZ" % int(began % 1 * 1000)
                body = json.dumps({"incarnation": "%d-%d" % (os.getpid(), int(began * 1e6)), "startedAt": started,
                                   "counters": {"readRequests": work, "storedBytes": 7}})
            peer.sendall(("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                          % (status, len(body), body)).encode())
            peer.close()
        while True:
            threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()
        """;

    private readonly string _folder;

    public FakeNode(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Binary, Script.ReplaceLineEndings("\n"));
        File.SetUnixFileMode(Binary, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    public string Binary => Path.Combine(_folder, "cloud-node");

    /// <summary>Words of the script's behaviour file; empty for a well-behaved node.</summary>
    public void Behave(string words) => File.WriteAllText(Path.Combine(_folder, "behaviour"), words);
}
