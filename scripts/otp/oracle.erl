%% What Erlang/OTP does with supervision trees and schedules of faults: main(In, Out) reads one Erlang term a case and
%% writes one line a case, e.g. "+1+2+3 -2+2 -3-2-1!shutdown": starts and ends of workers, a blank between steps.
%%
%% Starts are written by the workers themselves, ends by the tracer of the virtual machine, also for killed workers. Both
%% are stamped by the same counter, which is ordered as cause and effect are. A step is over when every supervisor that
%% it concerns has answered a call made after the exit had reached it: nothing here waits for time to pass.
-module(oracle).
-behaviour(supervisor).
-export([main/1, init/1, start_worker/1, init_worker/2, start_supervisor/1]).

main([In, Out]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    ets:new(journal, [named_table, public, ordered_set]),
    ets:new(failing, [named_table, public]),
    ets:new(names, [named_table]),
    ets:new(slow, [named_table, public]),
    register(oracle, self()),
    {ok, Cases} = file:consult(In),
    Header = io_lib:format("otp ~s, stdlib ~s~n", [erlang:system_info(otp_release), stdlib_version()]),
    ok = file:write_file(Out, [Header | [[run(Case), $\n] || Case <- Cases]]).

stdlib_version() ->
    _ = application:load(stdlib),
    {ok, Version} = application:get_key(stdlib, vsn),
    Version.

run({Tree, Failing, Steps}) ->
    ets:delete_all_objects(failing),
    ets:delete_all_objects(names),
    arm(Failing),
    case start_supervisor(Tree) of
        {ok, Root} ->
            Start = written(),
            lists:join($\s, [Start | steps(Steps, Tree, Root)]);
        {error, _} ->
            receive {'EXIT', _, {shutdown, {failed_to_start_child, _, _}}} -> ok end,
            [written(), "!failed"]
    end.

steps([], _, Root) ->
    exit(Root, shutdown),
    receive {'EXIT', Root, Reason} -> [[written(), $!, atom_to_list(Reason)]] end;
steps([{Worker, Reason, Failing, Slow} | Steps], Tree, Root) ->
    arm(Failing),
    hold(Slow),
    Above = supervisors(Worker, Tree),
    {Helper, Monitor} = spawn_monitor(fun() -> finish(whereis(Worker), Reason, Above) end),
    receive
        {'DOWN', Monitor, process, Helper, normal} -> ok;
        {holding, Pid} -> meanwhile(Slow, Tree, Pid, Monitor)
    end,
    ets:delete_all_objects(slow),
    case is_process_alive(Root) of
        true ->
            Step = written(),
            [Step | steps(Steps, Tree, Root)];
        false ->
            receive {'EXIT', Root, Why} -> [[written(), $!, atom_to_list(Why)]] end
    end.

%% The supervisor waits for its slow worker, so the end of another one comes to its queue and stays there.
meanwhile({Slow, Sibling, Reason}, Tree, SlowPid, Monitor) ->
    [Supervisor | _] = Above = supervisors(Slow, Tree),
    Pid = whereis(Sibling),
    Ends = Pid =/= undefined andalso Pid =/= SlowPid,
    Ends andalso ended(Pid, Reason),
    Ends andalso knows_end(Pid, Supervisor),
    ets:delete_all_objects(slow),
    SlowPid ! go_on,
    receive {'DOWN', Monitor, process, _, normal} -> ok end,
    Ends andalso settled(Pid, Above).

hold(none) -> ok;
hold({Worker, _, _}) -> ets:insert(slow, {Worker}).

arm(none) -> ok;
arm({Worker, Starts}) -> ets:insert(failing, {Worker, Starts}).

%% The supervisors above a worker, the nearest first; of those that have ended there is no process.
supervisors(Worker, Tree) ->
    [Worker | Above] = path(Worker, Tree),
    [whereis(Id) || Id <- Above].

path(Worker, {worker, Worker, _, _}) -> [Worker];
path(_, {worker, _, _, _}) -> [];
path(Worker, {supervisor, Id, _, _, _, Children}) ->
    case lists:append([path(Worker, Child) || Child <- Children]) of
        [] -> [];
        Found -> Found ++ [Id]
    end.

finish(undefined, _, _) -> ok;
finish(Pid, Reason, Above) ->
    ended(Pid, Reason),
    settled(Pid, Above).

ended(Pid, Reason) ->
    Monitor = monitor(process, Pid),
    Pid ! {finish, Reason},
    receive {'DOWN', Monitor, process, Pid, _} -> ok end.

%% Returns once the supervisors have dealt with the end of Pid. One that ended over it is the next whose end counts.
settled(_, []) -> ok;
settled(Pid, [Supervisor | Above]) ->
    case knows_end(Pid, Supervisor) andalso is_idle(Supervisor) of
        true ->
            ok;
        false ->
            Monitor = monitor(process, Supervisor),
            receive {'DOWN', Monitor, process, Supervisor, _} -> settled(Supervisor, Above) end
    end.

%% A link goes when the exit signal arrives, which is when its message gets its place in the queue.
knows_end(Pid, Supervisor) ->
    case process_info(Supervisor, links) of
        undefined -> false;
        {links, Links} -> not lists:member(Pid, Links) orelse knows_end(Pid, Supervisor)
    end.

%% A failed restart is tried again by a message to itself, and until then the child counts as restarting.
is_idle(Supervisor) ->
    try supervisor:which_children(Supervisor) of
        Children -> not lists:keymember(restarting, 2, Children) orelse is_idle(Supervisor)
    catch
        exit:_ -> false
    end.

%% Everything since the last call, in the order in which it happened.
written() ->
    Delivered = erlang:trace_delivered(all),
    receive {trace_delivered, all, Delivered} -> ok end,
    read_ends(),
    Events = ets:tab2list(journal),
    [ets:insert(names, {Pid, Id}) || {_, start, Id, Pid} <- Events],
    Text = [event(Event) || Event <- Events],
    ets:delete_all_objects(journal),
    Text.

read_ends() ->
    receive
        {trace_ts, Pid, exit, _, {_, At}} -> ets:insert(journal, {At, 'end', Pid}), read_ends();
        {trace_ts, _, _, _, _} -> read_ends();
        {trace_ts, _, _, _, _, _} -> read_ends()
    after 0 -> ok
    end.

event({_, start, Id, _}) -> [$+ | number(Id)];
event({_, 'end', Pid}) -> [$- | number(ets:lookup_element(names, Pid, 2))].

number(Id) -> tl(atom_to_list(Id)).

start_supervisor({supervisor, Id, _, _, _, _} = Tree) -> supervisor:start_link({local, Id}, ?MODULE, Tree).

init({supervisor, _, Strategy, Intensity, _, Children}) ->
    {ok, {#{strategy => Strategy, intensity => Intensity, period => 86400}, [child(Child) || Child <- Children]}}.

child({worker, Id, Restart, Shutdown}) ->
    #{id => Id, start => {?MODULE, start_worker, [Id]}, restart => Restart, shutdown => Shutdown, type => worker};
child({supervisor, Id, _, _, Restart, _} = Tree) ->
    #{id => Id, start => {?MODULE, start_supervisor, [Tree]}, restart => Restart, shutdown => infinity, type => supervisor}.

start_worker(Id) -> proc_lib:start_link(?MODULE, init_worker, [self(), Id]).

init_worker(Parent, Id) ->
    case ets:lookup(failing, Id) of
        [{Id, Starts}] when Starts > 0 ->
            ets:insert(failing, {Id, Starts - 1}),
            exit(cannot_start);
        _ ->
            process_flag(trap_exit, true),
            register(Id, self()),
            erlang:trace(self(), true, [procs, strict_monotonic_timestamp, {tracer, whereis(oracle)}]),
            ets:insert(journal, {erlang:unique_integer([monotonic]), start, Id, self()}),
            proc_lib:init_ack({ok, self()}),
            work(Id, Parent)
    end.

work(Id, Parent) ->
    receive
        {finish, Reason} -> exit(Reason);
        {'EXIT', Parent, Reason} -> leave(Id, Reason)
    end.

leave(Id, Reason) ->
    case ets:member(slow, Id) of
        false -> ok;
        true ->
            oracle ! {holding, self()},
            receive go_on -> ok end
    end,
    exit(Reason).
